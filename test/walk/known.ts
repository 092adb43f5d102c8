import type { Violation } from "./deed.ts";

/** Something that is not as promised yet, or that is as it is for a reason. */
export interface Known {
  readonly rule: string;
  /** Text of the detail; absent: every case of the rule. */
  readonly about?: RegExp;
  readonly reason: string;
}

/** A run fails on what is not in here, and a long one on an entry that no longer occurs. */
export const KNOWN: readonly Known[] = [
  {
    rule: "diff-differs",
    about: /\* Unmerged path/,
    reason:
      "While a merge is open there is no tree of the index to compare with. Where a file then becomes a folder, git's index holds " +
      "either, so a diff tells of the file that is gone or of those in the folder; ours tells the first, and status both.",
  },
];

/** How an entry is told. */
export const nameOf = ({ rule, about }: Known): string => (about ? `${rule} (${about.source})` : rule);

export const knownOf = ({ rule, detail }: Violation): Known | undefined =>
  KNOWN.find((known) => known.rule === rule && (known.about?.test(detail) ?? true));
