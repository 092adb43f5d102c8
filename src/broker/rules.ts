import type { RefCommand } from "./commands.ts";

/** A ref that an operation may change at the git host, and how. */
export interface RefRule {
  /** Full name of a ref. `/*` at the end stands for all refs below. */
  readonly ref: string;
  /** `write`: create or update. */
  readonly may: "write" | "create" | "delete";
  /** Whether the rule excludes the default branch of the repository. */
  readonly notDefault?: true | undefined;
}

/** Facts about a push that the rules judge. */
export interface PushFacts {
  readonly commands: readonly RefCommand[];
  /** Whether the push has push options, which make some hosts act. */
  readonly hasOptions?: boolean;
  /**
   * New ids without this service's signature, if commits are signed: `unsigned` if the git host lacks the id, `unknown`
   * if it does not tell.
   */
  readonly unsigned?: ReadonlyMap<string, "unsigned" | "unknown">;
}

export interface PushPolicy {
  readonly rules: readonly RefRule[];
  /** Name of the default branch; null: the repository has none; undefined: the host does not tell. */
  readonly defaultBranch?: string | null | undefined;
}

/** Result of the rules for one ref: every reason against the change, with a way out for each. */
export interface Verdict {
  readonly ref: string;
  /** Empty if the rules allow the change. */
  readonly reasons: readonly string[];
}

/** Prefix of each reason, to tell it from the git host's messages in git's output. */
export const REFUSED_BY_BROKER = "warmtree: ";

const HEADS = "refs/heads/";
const OPTIONS = "push options are not passed on: push without them";
const TWICE = "it is named twice in this push: name it once";
const NO_DELETE = "this operation may not delete it: branch {delete: true} deletes a branch that its workspace created";
const ONLY_DELETE = "this operation may only delete it: push {to} changes a branch";
const NO_MOVE = "this operation may only create it, and tags are never moved: use another name";

const RESIGN =
  "restore {to: 'origin/<base branch>', keep: true} takes commits back, and push {message} makes a signed one; for a tag, use another name";

const KEPT = "it is the default branch, which the policy keeps from this push (GET /v1/policy): push to another branch";

/** Judges the commands of a push by the rules of its operation. Pure. */
export function verdictsOf({ commands, hasOptions, unsigned }: PushFacts, policy: PushPolicy): Verdict[] {
  const ofAll = hasOptions ? [OPTIONS] : [];
  const times = new Map<string, number>();
  for (const { ref } of commands) times.set(ref, (times.get(ref) ?? 0) + 1);
  return commands.map((command) => {
    const twice = times.get(command.ref) === 1 ? [] : [TWICE];
    const own = [against(command, policy), notSigned(command, unsigned)].filter((reason) => reason !== undefined);
    return { ref: command.ref, reasons: [...ofAll, ...twice, ...own] };
  });
}

/** Whether a verdict depends on the name of the default branch, for which the git host must be asked. */
export function asksDefault(commands: readonly RefCommand[], rules: readonly RefRule[]): boolean {
  return commands.some((command) => {
    const fitting = rules.filter((rule) => covers(rule, command.ref) && allows(rule, command));
    return fitting.length > 0 && fitting.every(({ notDefault }) => notDefault);
  });
}

function against(command: RefCommand, { rules, defaultBranch }: PushPolicy): string | undefined {
  const covering = rules.filter((rule) => covers(rule, command.ref));
  if (covering.length === 0) return outside(rules);
  const allowing = covering.filter((rule) => allows(rule, command));
  if (allowing.length === 0) return wrongKind(command, covering);
  if (allowing.some(({ notDefault }) => !notDefault)) return undefined;
  const name = command.ref.slice(HEADS.length);
  if (defaultBranch === undefined) {
    return `the git host does not tell its default branch, so this may be it: name the branch, push {to: "${name}"}`;
  }
  if (name !== defaultBranch) return undefined;
  if (allowing.some(({ ref }) => ref === command.ref)) return KEPT;
  return `it is the default branch, which only a push that names it may change: push {to: "${name}"}`;
}

function notSigned({ new: id }: RefCommand, unsigned: PushFacts["unsigned"]): string | undefined {
  const found = unsigned?.get(id);
  if (found === undefined) return undefined;
  const short = id.slice(0, 7);
  if (found === "unknown") return `${short} is not signed, and the git host does not tell whether it has it: ${RESIGN}`;
  return `${short} is not signed: ${RESIGN}`;
}

function covers({ ref }: RefRule, name: string): boolean {
  return ref.endsWith("/*") ? name.startsWith(ref.slice(0, -1)) : name === ref;
}

const isNone = (id: string) => /^0+$/.test(id);

function allows({ may }: RefRule, { old, new: next }: RefCommand): boolean {
  if (isNone(next)) return may === "delete" && !isNone(old);
  return may === "write" || (may === "create" && isNone(old));
}

function wrongKind({ new: next }: RefCommand, covering: readonly RefRule[]): string {
  if (isNone(next)) return NO_DELETE;
  return covering.some(({ may }) => may === "create") ? NO_MOVE : ONLY_DELETE;
}

function outside(rules: readonly RefRule[]): string {
  const refs = rules.map(({ ref }) => ref).join(", ");
  return `this operation may change only ${refs}: push {to} names another branch, and tag {push: true} pushes a tag`;
}
