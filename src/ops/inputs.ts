import * as z from "zod/v4";
import { SANDBOX_ID } from "../pool/handle.ts";
import { isWithin, MAX_NAME_BYTES } from "./tree-path.ts";

/** git stores a branch as a file, and writes it as a file that ends in `.lock`. */
const MAX_REF_NAME_BYTES = MAX_NAME_BYTES - ".lock".length;
const MAX_REF_LENGTH = 255;

/** Files in one call, for each operation. */
export const MAX_FILES = 1000;

export const hasControl = (text: string) =>
  Array.from(text).some((character) => character < " " || character === "\x7f");

/** Refuses names that git refuses (git-check-ref-format), so that a wrong name fails before the sandbox request. */
function isBranchName(name: string): boolean {
  if (name.startsWith("-") || name === "@" || name === "HEAD" || name.endsWith(".")) return false;
  if (/\.\.|@\{|[ ~^:?*[\\]/.test(name) || hasControl(name)) return false;
  const isPart = (part: string) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock");
  return name.split("/").every((part) => isPart(part) && isWithin(part, MAX_REF_NAME_BYTES));
}

export const sandboxId = z
  .string()
  .regex(SANDBOX_ID, "is not a sandbox_id; clone answers one")
  .describe("The sandbox_id that clone answered");

const refName = z.string().min(1).max(MAX_REF_LENGTH);

/** False for a date such as `20260131`, and for a word. */
const looksLikeSha = (name: string) => /^(?=.*[0-9])(?=.*[a-f])[0-9a-f]{7,64}$/.test(name);

/** git's own names for the remote's branches in a clone. */
const REMOTE_COPY = /^(?:(?:refs\/)?remotes\/)?origin\//;

/** Returns why a name is not a branch, with the right spelling; undefined if it can be a branch. */
function notABranch(name: string): string | undefined {
  if (name === "HEAD" || name === "@") return "is no branch: say which one";
  if (REMOTE_COPY.test(name)) return `names git's copy of a remote branch: write '${name.replace(REMOTE_COPY, "")}'`;
  if (name.startsWith("refs/tags/")) return "names a tag, where a branch is needed";
  if (looksLikeSha(name)) return `looks like a commit, not a branch; a branch of this name: 'refs/heads/${name}'`;
  return undefined;
}

/** Prefix of a full name, which is never ambiguous. */
const HEADS = "refs/heads/";

function namer(refusal: (name: string) => string | undefined) {
  return refName.transform((written, context) => {
    const isFull = written.startsWith(HEADS);
    const name = isFull ? written.slice(HEADS.length) : written;
    const message = isFull ? undefined : refusal(name);
    if (message === undefined && isBranchName(name) && !name.startsWith("refs/")) return name;
    context.addIssue({ code: "custom", message: message ?? "is not a valid branch name" });
    return z.NEVER;
  });
}

/** A branch of the remote, or a new branch. `refs/heads/x` is `x`. Names that may mean something else are refused. */
export const branchName = namer(notABranch);

/** A branch to switch to. `origin/x` is a branch that only the remote has. */
export const branchHere = refName
  .transform((name) => name.replace(REMOTE_COPY, "origin/"))
  .pipe(namer((name) => (REMOTE_COPY.test(name) || looksLikeSha(name) ? undefined : notABranch(name))));

const TAGS = "refs/tags/";

/** A tag of the workspace. `refs/tags/x` is `x`. */
export const tagName = refName.transform((written, context) => {
  const name = written.startsWith(TAGS) ? written.slice(TAGS.length) : written;
  if (isBranchName(name) && !name.startsWith("refs/")) return name;
  context.addIssue({ code: "custom", message: "is not a valid tag name" });
  return z.NEVER;
});

/** A tag, or a commit by its whole SHA: names that a remote accepts in a fetch. A tag becomes its full name. */
export const tagOrSha = refName.transform((written, context) => {
  const name = written.startsWith(TAGS) ? written.slice(TAGS.length) : written;
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  if (!isBranchName(name)) return refuse("is not a valid tag, nor a commit by its whole SHA");
  if (written.startsWith(TAGS)) return written;
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(name)) return name;
  if (/^(?:refs\/|remotes\/|origin\/)/.test(name)) return refuse("names a branch: give that as 'branch'");
  if (looksLikeSha(name)) return refuse(`is a short SHA: write it whole; a tag of this name: '${TAGS}${name}'`);
  return `${TAGS}${name}`;
});

/** A name of a commit: branch, tag, SHA, `HEAD~2`. The sandbox resolves it. A leading dash is refused here. */
export const revision = z
  .string()
  .min(1)
  .max(MAX_REF_LENGTH)
  .refine((text) => !/^[-^]|[\s:]/.test(text) && !hasControl(text), "is not a revision");

/** Position of the next page; its meaning depends on the operation. git counts with 32 bits, hence nine digits. */
export const cursor = z
  .string()
  .regex(/^\d{1,9}$/, "is not a cursor of this operation")
  .transform(Number);

/** Enough for any one character, so that every page makes progress. */
const MIN_PAGE_BYTES = 16;
const DEFAULT_PAGE_BYTES = 64 * 1024;
const MAX_PAGE_BYTES = 1024 * 1024;

/** Size of one page of text. */
export const maxBytes = z
  .int()
  .min(MIN_PAGE_BYTES)
  .max(MAX_PAGE_BYTES)
  .default(DEFAULT_PAGE_BYTES)
  .describe("Maximum number of bytes in one answer");
