import type { SandboxAddress } from "../../e2b/config.ts";
import type { Source } from "../../pool/sources.ts";
import { sessionOf } from "./probe.ts";
import type { Loss } from "./loss.ts";
import { GONE, type Refusal } from "./refusal.ts";
import type { Row } from "../storage/row.ts";

/** A workspace's sandbox, with the data that the Worker needs to send an operation to it. */
export interface Grant {
  readonly ok: true;
  readonly sandboxId: string;
  /** Identifies this state of the sandbox, to report its loss. */
  readonly generation: number;
  readonly source: Source;
  readonly url: string;
  readonly session: SandboxAddress;
  readonly repository: string;
  /** '' if the caller sent none. */
  readonly agentId: string;
  /** If the sandbox started from a repository snapshot: commit of the snapshot's base clone. */
  readonly seedHead?: string;
  /** On claims: recent losses of the workspace, including those of an earlier sandbox. */
  readonly loss?: Loss;
}

/** The base clone in a repository snapshot. */
export interface Seed {
  /** Its checked-out commit. */
  readonly head: string;
  /** Its branches and tags, in the format of RemoteRefs.list; '' if unknown. */
  readonly refs: string;
}

/** Receives the base clone of a repository snapshot while a sandbox starts from it. */
export type OnSeed = (seed: Seed) => void;

/** Builds the grant of a row, or the refusal GONE if it has no sandbox. */
export function grantOf(row: Row, source: Source, seedHead?: string): Grant | Refusal {
  const session = sessionOf(row);
  if (session === undefined) return GONE;
  const { sandbox_id: sandboxId, generation, url } = row;
  const seeded = seedHead === undefined ? {} : { seedHead };
  const binding = { repository: row.repository ?? "", agentId: row.agent_id ?? "" };
  return { ok: true, sandboxId, generation, source, url: url ?? "", session, ...binding, ...seeded };
}
