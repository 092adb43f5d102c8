import * as z from "zod/v4";
import { SANDBOX_ID } from "../pool/handle.ts";

/** Longest path Linux takes (PATH_MAX less the NUL). */
const MAX_PATH_LENGTH = 4095;
const MAX_REF_LENGTH = 255;

const hasControl = (text: string) => Array.from(text).some((character) => character < " " || character === "\x7f");

/** What git itself refuses in a branch name (git-check-ref-format), so that a wrong name fails before a sandbox is asked. */
function isBranchName(name: string): boolean {
  if (name.startsWith("-") || name === "@" || name === "HEAD" || name.endsWith(".")) return false;
  if (/\.\.|@\{|[ ~^:?*[\\]/.test(name) || hasControl(name)) return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** Inside the tree, not above it, and never in git's own directory (also not by a name that other systems read as it). */
function isTreePath(path: string): boolean {
  if (path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !isGitDirectory(part));
}

const isGitDirectory = (part: string) => /^(?:\.git|git~1)[. ]*$/i.test(part);

export const sandboxId = z.string().regex(SANDBOX_ID, "is not a sandbox_id; clone answers one").describe("From clone");

export const branchName = z.string().min(1).max(MAX_REF_LENGTH).refine(isBranchName, "is not a valid branch name");

/** Anything that names a commit: branch, tag, SHA, `HEAD~2`. The sandbox resolves it; a leading dash never gets there. */
export const revision = z
  .string()
  .min(1)
  .max(MAX_REF_LENGTH)
  .refine((text) => !text.startsWith("-") && !/[\s:]/.test(text) && !hasControl(text), "is not a revision");

const OUTSIDE = "is not a path inside the working tree (relative, no '..', not in .git)";

export const treePath = z.string().min(1).max(MAX_PATH_LENGTH).refine(isTreePath, OUTSIDE);

/** As treePath, or "" for the root folder. */
export const folderPath = z
  .string()
  .max(MAX_PATH_LENGTH)
  .refine((path) => path === "" || isTreePath(path), OUTSIDE);

/** Says where the next page begins; what is in it is the operation's own affair. */
export const cursor = z
  .string()
  .regex(/^\d{1,12}$/, "is not a cursor of this operation")
  .transform(Number);

/** Holds any one character, so that every page makes progress. */
const MIN_PAGE_BYTES = 16;
const DEFAULT_PAGE_BYTES = 64 * 1024;
const MAX_PAGE_BYTES = 1024 * 1024;

/** Size of one page of text. */
export const maxBytes = z
  .int()
  .min(MIN_PAGE_BYTES)
  .max(MAX_PAGE_BYTES)
  .default(DEFAULT_PAGE_BYTES)
  .describe("Most bytes in one answer");
