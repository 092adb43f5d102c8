import type * as z from "zod/v4";
import type { RunInput, runStartedSchema } from "../api/run-schemas.ts";
import type { NewRun } from "../durable/runs/types.ts";
import { WarmtreeError } from "../errors.ts";
import { runId } from "../pool/run-id.ts";
import { addressRules, readAddress } from "../webhooks/address.ts";
import { parseRepository } from "../remote/address.ts";
import type { Step } from "../steps/plan.ts";
import type { Caller } from "../workspace/caller.ts";
import { aboutOf, cloneInputOf } from "./about.ts";
import { planRun } from "./items.ts";
import { runsOf } from "./runs-object.ts";
import { sealTokens } from "./sealed-tokens.ts";

export type RunStarted = z.output<typeof runStartedSchema>;

/** Part of a run that was executed before its start. */
interface Begun {
  /** Source of the ids of its operations. */
  readonly seed: string;
  readonly done: NonNullable<NewRun["done"]>;
}

/**
 * Starts a run that continues without its caller. Checks every step first.
 * @throws invalid_input, unknown_operation, host_not_allowed, misconfigured or rate_limited; then nothing was begun
 */
export async function startRun(caller: Caller, input: RunInput, begun?: Begun): Promise<RunStarted> {
  const plans = planRun(input);
  const { for_each: items, steps } = input;
  for (const [index, plan] of plans.entries()) checkAddresses(plan, caller, items ? ` (item ${index + 1})` : "");
  const { tenant, config, key, requestId, calledAt, gitTokens, once } = caller;
  // A repeated request gets the same run.
  const run = runId(tenant, config.poolShards, once);
  const about = items ? undefined : aboutOf(plans.flat(), config.allowedGitHosts);
  const webhook = input.webhook === undefined ? undefined : receiverOf(caller, input.webhook);
  const started = await runsOf(caller, run).start({
    run,
    tenant,
    input: JSON.stringify(input),
    ops: steps.map(({ op }) => op),
    seed: begun?.seed ?? crypto.randomUUID(),
    caller: {
      ...(key !== undefined && { key }),
      ...(requestId !== undefined && { requestId }),
      ...(calledAt !== undefined && { calledAt }),
    },
    ...(items && { items }),
    ...(about && { about }),
    ...(gitTokens && { sealed: await sealTokens(gitTokens, run, config.leaseKeys) }),
    ...(webhook !== undefined && { webhook }),
    ...(begun && { done: begun.done }),
  });
  if (!started) throw tooMany();
  return { run, status: "queued", ...pathsOf(run) };
}

/**
 * Refuses invalid clones before the run starts.
 * @param where ends the detail of an error
 * @throws host_not_allowed or invalid_input, with the step in `field`
 */
function checkAddresses(steps: readonly Step[], { config }: Caller, where: string): void {
  for (const step of steps) {
    const input = cloneInputOf(step);
    try {
      if (input) parseRepository(input.repo_url, config.allowedGitHosts);
    } catch (error) {
      if (!(error instanceof WarmtreeError)) throw error;
      const field = `steps.${step.at}.repo_url`;
      throw new WarmtreeError(error.code, `${field}: ${error.message}${where}`, { ...error.details, field });
    }
  }
}

/** Returns the run's webhook address in normal form. @throws invalid_input */
function receiverOf({ config, calledAt }: Caller, url: string): string {
  const isOpen = config.leaseKeys.length > 0;
  const address = isOpen ? readAddress(url, addressRules(config, calledAt)) : NO_WEBHOOKS;
  if (address.ok) return address.url;
  throw new WarmtreeError("invalid_input", `webhook: ${address.detail}. Nothing was done.`, { field: "webhook" });
}

const NO_WEBHOOKS = { ok: false, detail: "there are none without LEASE_KEY, which the operator has not set" } as const;

const pathsOf = (run: string) => ({ url: `/v1/runs/${run}`, events: `/v1/runs/${run}/events` });

const tooMany = () =>
  new WarmtreeError(
    "rate_limited",
    "Your tenant has 100 runs that have not ended, and may have no more at once. Nothing was done. Wait for one of them, or cancel one.",
    { retryAfterS: 30, limit: "runs_per_tenant" },
  );
