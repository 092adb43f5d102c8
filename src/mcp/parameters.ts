import type * as z from "zod/v4";
import { membersOf, type Members, type Naming, oneReading } from "../execution/one-reading.ts";
import { fieldsAt } from "../execution/schema-parts.ts";
import { isGiven, nearestField, withUsualNames } from "../execution/usual-names.ts";
import { PAGES } from "./default-page-sizes.ts";
import { TOOL_PREFIX } from "./tools.ts";

/** A model's parameters, with the names and types of an operation. */
export interface Parameters {
  readonly input: Members;
  /** Fields that the operation does not have: clients add their own. */
  readonly ignored: readonly string[];
}

/**
 * Reads a model's parameters for an operation. Ignores a field that the operation does not have, unless it may mean
 * another field: then it stays, and is refused.
 */
export function parametersOf(operation: string, schema: z.ZodType, given: object): Parameters {
  const fields = fieldsAt(schema, []);
  const read = membersOf(oneReading(schema, unwrapped(given, fields), named)) ?? {};
  const mayMean = (name: string) => {
    const nearest = nearestField(name, fields);
    return nearest !== undefined && isGiven(read[name]) && read[name] !== false && read[name] !== read[nearest];
  };
  const ignored = Object.keys(read).filter((name) => !fields.includes(name) && !mayMean(name));
  const kept = Object.entries(read).filter(([name]) => !ignored.includes(name));
  return { input: { ...PAGES[operation], ...Object.fromEntries(kept) }, ignored };
}

const WRAPPERS = ["arguments", "args", "params", "parameters", "input"];

/** Unwraps parameters within one member, as in the call of a tool. */
function unwrapped(given: object, fields: readonly string[]): Members {
  const members: Members = { ...given };
  const wrapper = WRAPPERS.find((name) => !fields.includes(name) && membersOf(members[name]));
  if (wrapper === undefined) return members;
  const others = Object.entries(members).filter(([name]) => name !== wrapper);
  return { ...Object.fromEntries(others), ...membersOf(members[wrapper]) };
}

/** Accepts the operation of a step in `name`, as in the call of a tool. */
const named: Naming = (members, schema) => {
  const read = withUsualNames(members, schema);
  if (!Object.hasOwn(schema.shape, "op") || isGiven(read["op"]) || typeof read["name"] !== "string") return read;
  const { name, ...others } = read;
  return { ...others, op: name };
};

/** Returns the operation that a step names, also in the form of a tool or a command: `git_log`, `git log`. */
export function operationIn(op: string): string {
  const word = op.trim().toLowerCase();
  return word.replace(new RegExp(`^${TOOL_PREFIX.replace("_", "[-_ ]")}`), "");
}
