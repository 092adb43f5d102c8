import type { SandboxAddress } from "../../e2b/config.ts";
import type { Source } from "../../pool/sources.ts";
import { sessionOf } from "./probe.ts";
import type { Loss } from "./loss.ts";
import { GONE, type Refusal } from "./refusal.ts";
import type { Row } from "../storage/row.ts";

/** Everything the Worker needs to send one operation to a workspace's sandbox. */
export interface Grant {
  readonly ok: true;
  readonly sandboxId: string;
  /** Names this state of the sandbox, for saying that it was lost. */
  readonly generation: number;
  readonly source: Source;
  readonly url: string;
  readonly session: SandboxAddress;
  /** Of a sandbox that was started from a repository snapshot: the commit that its seed is on. */
  readonly seedHead?: string;
  /** Of a claim: what the workspace has lost lately, also with a sandbox before this one. */
  readonly loss?: Loss;
}

/** The clone in a repository snapshot. */
export interface Seed {
  /** Commit that it is on. */
  readonly head: string;
  /** Its branches and tags, as RemoteRefs lists them; '' where they are not known. */
  readonly refs: string;
}

/** Hears of a sandbox that is being started from a repository snapshot what its clone will begin with. */
export type OnSeed = (seed: Seed) => void;

export function grantOf(row: Row, source: Source, seedHead?: string): Grant | Refusal {
  const session = sessionOf(row);
  if (session === undefined) return GONE;
  const { sandbox_id: sandboxId, generation, url } = row;
  const seeded = seedHead === undefined ? {} : { seedHead };
  return { ok: true, sandboxId, generation, source, url: url ?? "", session, ...seeded };
}
