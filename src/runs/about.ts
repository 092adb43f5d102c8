import type { RunAbout } from "../durable/runs/types.ts";
import { parseInput } from "../execution/parse-input.ts";
import { clone } from "../ops/clone.ts";
import { parseRepository } from "../remote/address.ts";
import type { Step } from "../steps/plan.ts";

/** Limit of a repository's name in characters. */
const MAX_LENGTH = 200;

/**
 * Returns the input of a clone, without members that refer to other steps; undefined: the step is no clone, or its
 * repository is such a reference.
 * @throws invalid_input
 */
export function cloneInputOf({ at, op, input, references }: Step) {
  const referred = new Set(references.map(({ field: [name] }) => name));
  if (op !== clone.name || referred.has("repo_url")) return undefined;
  const known = Object.entries(input).filter(([name]) => !referred.has(name));
  return parseInput(clone.input, Object.fromEntries(known), `steps.${at}`);
}

/** Describes a run for people: the workspace of its first clone, as far as it is known before the run. */
export function aboutOf(steps: readonly Step[], allowedHosts: readonly string[]): RunAbout | undefined {
  const first = steps.find(({ op }) => op === clone.name);
  const input = first && cloneInputOf(first);
  if (!input) return undefined;
  const { repo_url, agent_id, task_id } = input;
  const { key } = parseRepository(repo_url, allowedHosts);
  return {
    repository: key.length > MAX_LENGTH ? `${key.slice(0, MAX_LENGTH - 1)}…` : key,
    ...(agent_id !== undefined && { agent_id }),
    ...(task_id !== undefined && { task_id }),
  };
}
