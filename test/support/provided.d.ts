import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Base URL of a local sandbox host that runs as long as the project's tests (local-host.ts). */
    e2bUrl: string;
    /** A host of the same kind with egress rules, if this machine allows them. */
    ruledE2b: { readonly url: string; readonly egress: boolean };
    /** Of property tests; undefined: another each time. */
    propertySeed: number | undefined;
    /** Sequences that the pool's model test tries. */
    modelRuns: number;
  }
}
