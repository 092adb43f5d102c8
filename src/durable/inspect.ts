import type { Config } from "../config.ts";
import { E2bError } from "../e2b/error.ts";
import { type Inspection, inspect } from "../ops/inspect.ts";
import { runOperation } from "../ops/run.ts";
import type { Row } from "./row.ts";

/** A status of a large tree; a sandbox that takes longer tells nothing. */
const INSPECT_TIMEOUT_S = 15;

/** Looks into a running workspace. Undefined: it could not be looked into, so nothing is known. */
export type Inspect = (row: Row) => Promise<Inspection | undefined>;

export function inspector(config: Config): Inspect {
  const context = { author: config.author, maxRetries: 0, timeoutS: INSPECT_TIMEOUT_S };
  return async (row) => {
    const session = sessionOf(row);
    if (session === undefined) return undefined;
    try {
      const parsed = inspect.parse(
        await runOperation(config.e2b, session, inspect, undefined, context, undefined),
        undefined,
      );
      return parsed.ok ? parsed.value : undefined;
    } catch (error) {
      if (!(error instanceof E2bError)) throw error;
      return undefined;
    }
  };
}

/** What reaching a row's sandbox takes; undefined: it has none. */
export function sessionOf({ e2b_id, access_token, domain }: Row) {
  if (e2b_id === null) return undefined;
  return {
    sandboxId: e2b_id,
    ...(access_token === null ? {} : { accessToken: access_token }),
    ...(domain === null ? {} : { domain }),
  };
}
