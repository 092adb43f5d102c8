import type { SandboxAddress } from "../e2b/config.ts";
import type { Source } from "../pool/sources.ts";
import { sessionOf } from "./inspect.ts";
import { GONE, type Refusal } from "./outcome.ts";
import type { Row } from "./row.ts";

/** Everything the Worker needs to send one operation to a workspace's sandbox. */
export interface Grant {
  readonly ok: true;
  readonly sandboxId: string;
  /** Names this state of the sandbox, for saying that it was lost. */
  readonly generation: number;
  readonly source: Source;
  readonly url: string;
  readonly session: SandboxAddress;
  /** Of a sandbox that was started from a repository snapshot and holds no clone yet: the commit of its seed. */
  readonly seedHead?: string;
}

export function grantOf(row: Row, source: Source): Grant | Refusal {
  const session = sessionOf(row);
  if (session === undefined) return GONE;
  return { ok: true, sandboxId: row.sandbox_id, generation: row.generation, source, url: row.url ?? "", session };
}
