import * as z from "zod/v4";
import type { Members, Naming } from "./one-reading.ts";
import { isRequired, type Schema, writtenPart } from "./schema-parts.ts";
import { distance } from "./distance.ts";

const OF_A_PATH = ["file_path", "filename", "folder", "directory", "dir"];

/**
 * Names that other tools use for a field, and that mean no other field of the operation. If an operation has several of
 * the fields, the first counts.
 */
const USUAL: Readonly<Record<string, readonly string[]>> = {
  sandbox_id: ["sandbox", "workspace", "workspace_id"],
  repo_url: ["url", "repo", "repository", "repository_url", "clone_url"],
  shallow: ["depth"],
  sparse: ["sparse_paths", "sparse_checkout"],
  path: ["file", "paths", "files", ...OF_A_PATH],
  file: ["path", ...OF_A_PATH],
  files: ["paths", "file_paths", "edits", "changes", "path", "file", ...OF_A_PATH],
  paths: ["files", "file_paths", "path", "file", ...OF_A_PATH],
  content: ["contents", "text", "file_text", "new_content"],
  move_to: ["rename_to", "new_path", "destination"],
  patch: ["diff"],
  message: ["commit_message", "msg"],
  pattern: ["query", "text", "search"],
  ref: ["revision", "rev", "commit", "sha", "branch"],
  commits: ["commit", "sha", "shas"],
  name: ["branch", "branch_name", "tag", "tag_name"],
  limit: ["max_count", "max_results", "count"],
  start_line: ["line_start", "first_line"],
  end_line: ["line_end", "last_line"],
  op: ["operation", "tool", "action", "command"],
};

/** Names that may mean a field. They are neither accepted nor ignored: the error suggests the field. */
const POSSIBLE: Readonly<Record<string, readonly string[]>> = {
  to: ["branch", "target", "target_branch", "remote_branch"],
  from: ["branch", "source", "source_branch", "remote_branch"],
  base: ["ref", "branch", "commit", "revision", "compare_to"],
  revision: ["ref", "commit", "sha", "tag"],
  rebase: ["strategy"],
};

const plain = (name: string) => name.toLowerCase().replaceAll(/[_\s-]/g, "");

/** Returns a table's fields by plain name, in the order of the table. */
function byName(table: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [field, names] of Object.entries(table)) {
    for (const name of names) found.set(plain(name), [...(found.get(plain(name)) ?? []), field]);
  }
  return found;
}

const FIELDS_MEANT = byName(USUAL);
const FIELDS_POSSIBLE = byName(POSSIBLE);

/** Returns the field that a name means, in another spelling (`startLine`) or in other tools' words. */
function fieldMeant(name: string, fields: readonly string[]): string | undefined {
  const written = plain(name);
  const isOf = (field: string) => fields.includes(field);
  return fields.find((field) => plain(field) === written) ?? FIELDS_MEANT.get(written)?.find(isOf);
}

/** Returns the field that a name may mean, even if it is mistyped. */
export function nearestField(name: string, fields: readonly string[]): string | undefined {
  const written = plain(name);
  const isTypo = (field: string) => {
    const most = Math.max(1, Math.floor(field.length / 4));
    return Math.abs(field.length - written.length) <= most + 1 && distance(plain(field), written) <= most;
  };
  const isOf = (field: string) => fields.includes(field);
  return fieldMeant(name, fields) ?? FIELDS_POSSIBLE.get(written)?.find(isOf) ?? fields.find(isTypo);
}

/**
 * Renames members to the fields that they mean, unless the caller gave the field another value. The fields of the only
 * entry of a list, such as `path` and `content` of an edit, may stand beside the list.
 */
export const withUsualNames: Naming = (given, schema) => {
  const members = withEntry(given, schema);
  const fields = Object.keys(schema.shape);
  const taken = new Set(fields.filter((field) => isGiven(members[field])));
  const named = Object.entries(members).map(([name, value]): [string, unknown] => {
    const field = fields.includes(name) ? undefined : fieldMeant(name, fields);
    if (field === undefined || taken.has(field)) return [name, value];
    taken.add(field);
    return [field, value];
  });
  // Empty fields come first, so that a value under another name replaces them.
  return Object.fromEntries(named.toSorted(([, one], [, other]) => Number(isGiven(one)) - Number(isGiven(other))));
};

export const isGiven = (value: unknown) =>
  value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);

const only = (members: Members, isKept: (name: string) => boolean): Members =>
  Object.fromEntries(Object.entries(members).filter(([name]) => isKept(name)));

function withEntry(members: Members, schema: z.ZodObject): Members {
  for (const [field, part] of Object.entries(schema.shape)) {
    const element = elementOf(part);
    if (!element || isGiven(members[field])) continue;
    const { shape, def } = element;
    const known = Object.keys(shape);
    const isOwn = (name: string) =>
      !Object.hasOwn(schema.shape, name) &&
      (def.catchall instanceof z.ZodUnknown || known.includes(name) || fieldMeant(name, known) !== undefined);
    const entry = withUsualNames(only(members, isOwn), element);
    if (known.every((name) => !isRequired(element, name) || isGiven(entry[name]))) {
      return { ...only(members, (name) => !isOwn(name) && name !== field), [field]: [entry] };
    }
  }
  return members;
}

/** Returns the schema of the objects in a list; undefined for other fields. */
function elementOf(part: Schema): z.ZodObject | undefined {
  const written = writtenPart(part);
  return written instanceof z.ZodArray && written.element instanceof z.ZodObject ? written.element : undefined;
}
