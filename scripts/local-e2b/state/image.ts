import type { SandboxUser } from "../machine/machine.ts";

/** What a sandbox starts from: a template's build or a snapshot. */
export interface Image {
  readonly templateId: string;
  readonly alias: string | undefined;
  /** Host directory to copy; undefined for a blank tree. */
  readonly tree: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly user: SandboxUser;
  /** Sandbox path, undefined for the user's home. */
  readonly workdir: string | undefined;
  readonly startCmd: string | undefined;
  readonly cpuCount: number;
  readonly memoryMB: number;
}
