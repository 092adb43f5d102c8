import { WorkflowEntrypoint, type WorkflowEvent, type WorkflowStep } from "cloudflare:workers";
import { NonRetryableError } from "cloudflare:workflows";
import { configOf } from "../config.ts";
import { E2bError } from "../e2b/error.ts";
import { templatePlane } from "../e2b/templates.ts";
import type { BuildRecord } from "../pool/template.ts";
import { buildTemplate, type Steps } from "../template/build.ts";
import { DEFINITIONS } from "../template/definition.ts";
import { smokeTest } from "../template/smoke.ts";
import { poolDoor } from "./pool-door.ts";

/** Ten minutes in total: enough to outlast a full sandbox limit of the account, and most faults of E2B. */
const RETRIES = { limit: 5, delay: "20 seconds", backoff: "exponential" } as const;

/**
 * Workflow that builds the next version of the sandbox template. Its output, and GET /v1/template, report the result.
 * @example
 * npx wrangler workflows trigger warmtree-template-build
 */
export class TemplateBuild extends WorkflowEntrypoint<Env> {
  override run(_event: Readonly<WorkflowEvent<unknown>>, step: WorkflowStep): Promise<BuildRecord> {
    const config = configOf(this.env);
    const { e2b, builds, size } = config;
    if (builds === undefined) throw new NonRetryableError("E2B_TEMPLATE names a template of the operator's own");
    return buildTemplate(stepsOf(step), {
      templates: templatePlane(e2b),
      smokeTest: (name) => smokeTest(e2b, name),
      definition: DEFINITIONS[builds],
      size,
      pool: poolDoor(this.env, config),
    });
  }
}

function stepsOf(step: WorkflowStep): Steps {
  return {
    run: (name, work) => step.do(name, { retries: RETRIES }, () => work().catch(finalIfPointless)),
    sleep: (name, seconds) => step.sleep(name, seconds * 1000),
  };
}

/** Stops the retries when E2B rejects a request permanently. */
function finalIfPointless(error: unknown): never {
  const isFinal = error instanceof E2bError && (error.code === "invalid_request" || error.code === "unauthenticated");
  throw isFinal ? new NonRetryableError(error.message) : error;
}
