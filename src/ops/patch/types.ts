/** A name in a patch. `other`: its second reading, if `a/` or `b/` is a folder and not a prefix, or the reverse. */
export interface Name {
  readonly path: string;
  readonly other?: string;
}

export interface Hunk {
  /** Line of the patch, from 1. */
  readonly line: number;
  /** First line of the old file that the hunk names; absent: it names none. */
  readonly start?: number;
  /** Lines of the file that come before the hunk, outermost first (`@@ class A`). */
  readonly anchors: readonly string[];
  readonly atEnd: boolean;
  /** Each begins with a blank, `+`, `-` or, for a missing line end, `\`. */
  readonly body: readonly string[];
}

export type Mode = "100644" | "100755" | "120000";

interface Change {
  readonly line: number;
  readonly mode?: Mode;
  readonly hunks: readonly Hunk[];
}

/** Change that a patch makes to one file. */
export type FileChange = Change &
  (
    | { readonly kind: "create"; readonly to: Name }
    | { readonly kind: "update"; readonly from: Name }
    /** `whole`: regardless of the file's content. */
    | { readonly kind: "delete"; readonly from: Name; readonly whole: boolean }
    | { readonly kind: "move" | "copy"; readonly from: Name; readonly to: Name }
  );

export type Patch =
  | { readonly kind: "changes"; readonly changes: readonly FileChange[] }
  /** Has binary parts, which only git reads; the counts of its hunks are right. */
  | { readonly kind: "binary"; readonly text: string };

/** A patch that cannot be read. */
export class PatchError extends Error {
  constructor(line: number, message: string) {
    super(line === 0 ? message : `line ${line} of the patch ${message}`);
  }
}
