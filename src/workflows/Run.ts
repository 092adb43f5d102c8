import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { configOf } from "../config.ts";
import type { StoredRun } from "../durable/runs/types.ts";
import { Redactor } from "../redaction/redactor.ts";
import { driveRun, type RunCallerContext } from "../runs/drive.ts";
import type { DurableSteps } from "../runs/item-driver.ts";
import { runAudit } from "../runs/audit.ts";
import { runBook } from "../runs/run-book.ts";
import { openTokens } from "../runs/sealed-tokens.ts";
import { secretsIn } from "../settings/settings.ts";

/** Retries of reports to the Runs object; operations retry their own requests where that is safe. */
const RETRIES = { limit: 5, delay: "2 seconds", backoff: "exponential" } as const;
/** Longer than the longest chain of operations in one request to a sandbox. */
const TIMEOUT = "12 hours";

interface RunParams {
  readonly run: string;
  /** Number of this instance for the run; a replaced instance may no longer write. */
  readonly generation: number;
}

/** Workflow that executes one run; its progress is in the Runs object. */
export class Run extends WorkflowEntrypoint<Env, RunParams> {
  override async run({ payload }: Readonly<WorkflowEvent<RunParams>>, step: WorkflowStep): Promise<void> {
    const context = { env: this.env, config: configOf(this.env), cost: { objectCalls: 0, sandboxMs: 0 } };
    const callerFor = (stored: StoredRun) => this.#callerFor(payload.run, stored);
    await driveRun(runBook(context, payload), stepsOf(step), callerFor);
  }

  async #callerFor(run: string, { tenant, sealed, caller }: StoredRun): Promise<RunCallerContext> {
    const config = configOf(this.env);
    const gitTokens = sealed === undefined ? undefined : await openTokens(sealed, run, config.leaseKeys);
    const redactor = new Redactor([...secretsIn(this.env), ...(gitTokens?.values() ?? [])]);
    return {
      redactor,
      caller: {
        ...caller,
        tenant,
        env: this.env,
        config,
        ...(gitTokens && { gitTokens }),
        audit: runAudit(run, caller, redactor),
        cost: { objectCalls: 0, sandboxMs: 0 },
        waitUntil: (work) => this.ctx.waitUntil(work),
      },
    };
  }
}

function stepsOf(step: WorkflowStep): DurableSteps {
  return {
    run: async (name, work) => {
      await step.do(name, { retries: RETRIES, timeout: TIMEOUT }, work);
    },
    sleep: (name, ms) => step.sleep(name, ms),
  };
}
