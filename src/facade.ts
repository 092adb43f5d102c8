import type * as z from "zod/v4";
import { attempt } from "./attempt.ts";
import { claimForClone } from "./clone-claim.ts";
import { ERROR_KINDS, WarmtreeError } from "./errors.ts";
import { recorded } from "./metrics/operations.ts";
import { clone } from "./ops/clone.ts";
import type { Parsed } from "./ops/operation.ts";
import { push } from "./ops/push.ts";
import { operationNamed } from "./ops/registry.ts";
import { pushInTurn } from "./push.ts";
import { parseRepository } from "./repository.ts";
import { noteClone } from "./snapshots.ts";
import { validated } from "./validated.ts";
import { type Caller, endWorkspace, useWorkspace } from "./workspaces.ts";

/**
 * The one door to every operation, for HTTP, MCP and Workflows: checks the input, finds the workspace, runs the script.
 * Answers the operation's flat result; throws only WarmtreeError, and with bad input before anything was touched.
 */
export function execute(name: string, input: unknown, caller: Caller): Promise<object> {
  return recorded(name, caller, () => perform(name, input, caller));
}

async function perform(name: string, input: unknown, caller: Caller): Promise<object> {
  if (name === clone.name) return executeClone(validated(clone.input, input), caller);
  if (name === push.name) return value(await pushInTurn(validated(push.input, input), caller));
  const operation = operationNamed(name);
  if (!operation) throw new WarmtreeError("unknown_operation", `There is no operation '${name}'.`);
  const asked = validated(operation.input, input);
  return value(await attempt(operation, asked, await useWorkspace(caller, asked.sandbox_id), caller));
}

/** The one operation that makes a workspace. A sandbox that was bound for a clone that can never succeed is ended again. */
async function executeClone(asked: z.output<typeof clone.input>, caller: Caller): Promise<object> {
  const repository = parseRepository(asked.repo_url, caller.config.allowedGitHosts);
  using claim = await claimForClone(caller, repository, asked);
  const { grant, sandbox_ms, news } = claim;
  const parsed = await attempt(clone, { ...asked, repo_url: repository.url }, grant, caller, news);
  const had = grant.source === "live" || grant.source === "paused";
  if (!parsed.ok && !had && !ERROR_KINDS[parsed.error.code].retryable) {
    caller.waitUntil(endWorkspace(caller, grant.sandboxId));
  }
  const result = value(parsed);
  if (result.created) caller.waitUntil(noteClone(caller, repository, grant.sandboxId, result));
  const { seed, timing, ...cloned } = result;
  // Without its seed a snapshot saves no more than any other start.
  const source = seed === "unsound" ? "cold" : grant.source;
  return { sandbox_id: grant.sandboxId, source, ...cloned, timing: { sandbox_ms, ...timing } };
}

function value<Value extends object>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}
