import type { Layers } from "../machine/disks.ts";
import type { SandboxUser } from "../machine/machine.ts";

/** Start of a sandbox: a template's build or a snapshot. */
export interface Image {
  readonly templateId: string;
  /** The template's name. */
  readonly alias: string | undefined;
  /** Its files; [] for a blank tree. */
  readonly layers: Layers;
  readonly env: Readonly<Record<string, string>>;
  readonly user: SandboxUser;
  /** Sandbox path, undefined for the user's home. */
  readonly workdir: string | undefined;
  /** Runs in every sandbox; creation waits until `readyCmd` succeeds. */
  readonly startCmd: string | undefined;
  readonly readyCmd: string | undefined;
  readonly cpuCount: number;
  readonly memoryMB: number;
}

/** The template that every account has: a blank tree on top of this machine's programs. */
export const BASE_IMAGE: Image = {
  templateId: "base",
  alias: "base",
  layers: [],
  env: {},
  user: "user",
  workdir: undefined,
  startCmd: undefined,
  readyCmd: undefined,
  cpuCount: 2,
  memoryMB: 512,
};
