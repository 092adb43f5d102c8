import * as z from "zod/v4";
import { SANDBOX_ID } from "../pool/handle.ts";

/** What Linux takes (PATH_MAX, 4096 with the NUL), less the folder of the tree and git's own names in it. */
const MAX_PATH_BYTES = 3800;
/** NAME_MAX of Linux and macOS. */
const MAX_NAME_BYTES = 255;
/** A branch is a file, and while it is written one that ends in `.lock`. */
const MAX_REF_NAME_BYTES = MAX_NAME_BYTES - ".lock".length;
const MAX_REF_LENGTH = 255;

/** That one call names, whatever it does with them. */
export const MAX_FILES = 1000;

const utf8 = new TextEncoder();
const isWithin = (text: string, maxBytes: number) => utf8.encode(text).byteLength <= maxBytes;

export const hasControl = (text: string) =>
  Array.from(text).some((character) => character < " " || character === "\x7f");

/** What git itself refuses in a branch name (git-check-ref-format), so that a wrong name fails before a sandbox is asked. */
function isBranchName(name: string): boolean {
  if (name.startsWith("-") || name === "@" || name === "HEAD" || name.endsWith(".")) return false;
  if (/\.\.|@\{|[ ~^:?*[\\]/.test(name) || hasControl(name)) return false;
  const isPart = (part: string) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock");
  return name.split("/").every((part) => isPart(part) && isWithin(part, MAX_REF_NAME_BYTES));
}

/** Inside the tree, not above it, and never in git's own directory. */
function isTreePath(path: string): boolean {
  if (path.includes("\0")) return false;
  const isPart = (part: string) => part !== "" && part !== "." && part !== ".." && isWithin(part, MAX_NAME_BYTES);
  return isWithin(path, MAX_PATH_BYTES) && path.split("/").every(isPart) && !path.split(/[/\\]/).some(isGitDirectory);
}

/** Characters that HFS+ leaves out of names when it compares them (git's utf8.c, next_hfs_char). */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** Also by a name that only other systems read as it: what core.protectNTFS and core.protectHFS of git refuse. */
const isGitDirectory = (part: string) => /^(?:\.git|git~1)[. ]*(?:$|:)/i.test(part.replaceAll(HFS_IGNORED, ""));

export const sandboxId = z.string().regex(SANDBOX_ID, "is not a sandbox_id; clone answers one").describe("From clone");

export const branchName = z.string().min(1).max(MAX_REF_LENGTH).refine(isBranchName, "is not a valid branch name");

/** Anything that names a commit: branch, tag, SHA, `HEAD~2`. The sandbox resolves it; a leading dash never gets there. */
export const revision = z
  .string()
  .min(1)
  .max(MAX_REF_LENGTH)
  .refine((text) => !/^[-^]|[\s:]/.test(text) && !hasControl(text), "is not a revision");

/** Ends a sentence on a name. */
export const OUTSIDE = "is not a path inside the working tree (relative, no '..', not in .git, no name over 255 bytes)";

export const treePath = z.string().min(1).refine(isTreePath, OUTSIDE);

/** As treePath, or "" for the root folder. */
export const folderPath = z.string().refine((path) => path === "" || isTreePath(path), OUTSIDE);

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
