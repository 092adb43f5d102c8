import * as z from "zod/v4";
import type { Graph } from "./graph.ts";
import type { Look } from "./look.ts";
import type { Remote } from "./remote.ts";

/** A broken promise. `rule` is short and constant; `detail` describes this case. */
export interface Violation {
  readonly rule: string;
  readonly operation: string;
  readonly detail: string;
}

/** The operation of a violation that concerns an answer alone. */
export const LOOK = "look";

/** The record of the walk so far. */
export interface Memory {
  readonly graph: Graph;
  /** Every commit that the person made. */
  readonly personIds: ReadonlySet<string>;
  /** By branch: commits that the person forced away from it, and has not brought back. */
  readonly removed: ReadonlyMap<string, ReadonlySet<string>>;
  /** Commits that the person's events have taken from every branch at some time. */
  readonly everRemoved: ReadonlySet<string>;
  /**
   * Tokens of commits that a pull moved off commits taken away: own branches keep the old ones until the next push
   * there.
   */
  readonly movedAnew: ReadonlySet<string>;
  /** By branch: commits that this workspace has seen on it at the remote. */
  readonly seen: ReadonlyMap<string, ReadonlySet<string>>;
}

/** One call, and the state by plain git before and after. */
export interface Deed {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly answer: Answered;
  readonly memory: Memory;
  /** The look is undefined before the clone. */
  readonly before: { readonly look: Look | undefined; readonly remote: Remote };
  readonly after: { readonly look: Look; readonly remote: Remote };
}

/** Fields of results and problems that rules read; each operation has some of them. */
export const answeredSchema = z.looseObject({
  sandbox_id: z.string().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  work: z
    .looseObject({
      committed: z.string().optional(),
      pushed: z.union([z.boolean(), z.string()]).optional(),
      tree: z.string().optional(),
    })
    .optional(),
  commit: z.string().optional(),
  to: z.string().optional(),
  from: z.string().optional(),
  head: z.string().nullable().optional(),
  how: z.string().optional(),
  pushed: z.boolean().optional(),
  committed: z.boolean().optional(),
  rebased: z.boolean().optional(),
  merged: z.boolean().optional(),
  replaced: z.string().optional(),
  left_out: z.array(z.string()).optional(),
  recreated: z.boolean().optional(),
  created: z.boolean().optional(),
  tree: z.string().optional(),
});
export type Answered = z.output<typeof answeredSchema>;

const REMOTE_PREFIX = "refs/remotes/origin/";
export const DEFAULT_BRANCH = "main";

/** Returns the remote's branches as the workspace fetched them last. */
export function trackedBy(look: Look | undefined): Map<string, string> {
  const named = Array.from(look?.refs ?? []).flatMap(([name, id]): [string, string][] =>
    name.startsWith(REMOTE_PREFIX) ? [[name.slice(REMOTE_PREFIX.length), id]] : [],
  );
  return new Map(named);
}

/** Returns paths whose bytes, kind or mode differ. */
export function changedPaths(before: Look["files"], after: Look["files"]): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return Array.from(paths).filter((path) => {
    const [one, other] = [before.get(path), after.get(path)];
    return !one || !other || !isSame(one, other);
  });
}

export const isSame = (one: LookFile, other: LookFile): boolean =>
  one.kind === other.kind && one.isExecutable === other.isExecutable && one.bytes.equals(other.bytes);

type LookFile = Look["files"] extends ReadonlyMap<string, infer F> ? F : never;

/** Returns the workspace's own branches, by whole name. */
export function ownRefs(look: Look): string {
  return Array.from(look.refs)
    .filter(([name]) => name.startsWith("refs/heads/"))
    .map((pair) => pair.join(" "))
    .join("\n");
}

export const refsText = (refs: ReadonlyMap<string, string>): string =>
  Array.from(refs, (pair) => pair.join(" ")).join("\n");
