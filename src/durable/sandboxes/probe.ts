import type { Config } from "../../config.ts";
import { E2bError } from "../../e2b/error.ts";
import { contextFor } from "../../ops/context.ts";
import type { SandboxTask } from "../../ops/operation.ts";
import type { Parsed } from "../../ops/output/script-output.ts";
import { unpushedWork, type WorkFacts, type WorkRequest } from "../../ops/probes/unpushed-work.ts";
import { runOperation } from "../../ops/run.ts";
import { runRepeating } from "../../ops/run-repeating.ts";
import type { Row } from "../storage/row.ts";

/** Probe timeout: enough for a status of a large tree. A slower sandbox yields no result. */
const PROBE_TIMEOUT_S = 15;

/** Inspects a running sandbox. Returns undefined if that fails, so nothing is known. */
export type Probe<Input, Value> = (row: Row, input: Input) => Promise<Value | undefined>;

/** Creates probes from read-only operations. */
export function probeFor(
  config: Config,
): <Input, Value extends object>(what: SandboxTask<Input, Value>) => Probe<Input, Value> {
  const context = contextFor(config, { maxRetries: 0, timeoutS: PROBE_TIMEOUT_S });
  return (what) => async (row, input) => {
    const session = sessionOf(row);
    if (session === undefined) return undefined;
    try {
      const parsed = await runRepeating({ e2b: config.e2b, session }, what, input, context);
      return parsed.ok ? parsed.value : undefined;
    } catch (error) {
      if (!(error instanceof E2bError)) throw error;
      return undefined;
    }
  };
}

/** Sends the task that saves unpushed work to a row's sandbox. */
export function workSender(config: Config) {
  const context = contextFor(config, { maxRetries: 0, timeoutS: config.operationTimeoutS });
  return async (row: Row, request: WorkRequest): Promise<Parsed<WorkFacts>> => {
    const session = sessionOf(row);
    if (!session) throw new E2bError("not_found", "The workspace has no sandbox.", { started: false });
    return runOperation({ e2b: config.e2b, session }, unpushedWork, request, context);
  };
}

/** Returns the address of a row's sandbox, or undefined if it has none. */
export function sessionOf({ e2b_id, access_token, domain, envd_version }: Row) {
  if (e2b_id === null) return undefined;
  return {
    sandboxId: e2b_id,
    ...(access_token === null ? {} : { accessToken: access_token }),
    ...(domain === null ? {} : { domain }),
    ...(envd_version === null ? {} : { envdVersion: envd_version }),
  };
}
