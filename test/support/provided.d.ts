import "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Base URL of a local sandbox host that runs as long as the project's tests (local-host.ts). */
    e2bUrl: string;
    /** A host of the same kind with egress rules, if this machine allows them. */
    ruledE2b: { readonly url: string; readonly egress: boolean };
    /** The seed of property tests; undefined: another one each time. */
    propertySeed: number | undefined;
    /** Number of sequences that the pool's model test tries. */
    modelRuns: number;
  }
}
