import { randomInt } from "node:crypto";
import { ApiError } from "../http/reply.ts";

/** Returns a random id. E2B's ids have lower-case letters and digits only, because they appear in host names. */
export function randomId(length: number): string {
  return Array.from({ length }, () => randomInt(36).toString(36)).join("");
}

export const DEFAULT_TAG = "default";
/** E2B puts a team's slug before its names; all teams of this host have the same slug. */
const NAMESPACE = "local";

export interface TemplateName {
  /** Id or name, without namespace and tag. */
  readonly name: string;
  /** Undefined if none was given. */
  readonly tag: string | undefined;
}

/** Parses `name`, `name:tag`, `namespace/name:tag`, or the same with an id as the name. @throws ApiError 400 */
export function parseTemplateName(given: string): TemplateName {
  const match = /^(?:([a-z0-9-]+)\/)?([a-z0-9_-]+)(?::([a-z0-9_.-]+))?$/.exec(given.trim().toLowerCase());
  if (match?.[2] === undefined) throw new ApiError(400, `Invalid template name: '${given}'`);
  if (match[1] !== undefined && match[1] !== NAMESPACE) {
    throw new ApiError(400, `namespace '${match[1]}' must match your team '${NAMESPACE}'`);
  }
  return { name: match[2], tag: match[3] };
}

export function fullName(name: string): string {
  return `${NAMESPACE}/${name}`;
}

/** @throws ApiError 400 */
export function checkTags(tags: readonly string[]): readonly string[] {
  const checked = [...new Set(tags.map((tag) => tag.trim().toLowerCase()))];
  const bad = checked.find((tag) => !/^[a-z0-9_.-]+$/.test(tag));
  if (bad !== undefined) throw new ApiError(400, `Invalid tag: '${bad}'`);
  return checked;
}
