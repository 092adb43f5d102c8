import type { Violation } from "./deed.ts";
import type { Walk } from "./steps.ts";

/** A violation that is not mended yet, or that has a good reason. */
export interface Known {
  readonly rule: string;
  /** Matches the detail; absent: every case of the rule. */
  readonly about?: RegExp;
  readonly reason: string;
  /** The smallest walk that shows it. Each run begins with it. */
  readonly walk: Walk;
}

const LINES = "one line\nanother line\na third line\n";
const agent = { by: "agent", workspace: 0 } as const;

/** A run fails on a violation that is not listed here, and on an entry that no longer occurs. */
export const KNOWN: readonly Known[] = [
  {
    rule: "diff-differs",
    about: /\* Unmerged path/,
    reason:
      "While a merge is open there is no tree of the index to compare with. Where a file then becomes a folder, git's index holds " +
      "either, so a diff tells of the file that is gone or of those in the folder; ours tells the first, and status both.",
    walk: {
      format: "sha1",
      empty: false,
      steps: [
        { ...agent, operation: "clone", body: { agent_id: "a", task_id: "t0" } },
        { by: "person", event: "line", args: ["P1", "main", "a.txt", "2", "line by P1"] },
        { ...agent, special: { kind: "line", path: "a.txt", line: 1, text: "line by A2" } },
        { ...agent, operation: "push", body: { message: "A3" } },
        { ...agent, operation: "pull", body: { rebase: false } },
        { ...agent, operation: "edit", body: { files: [{ path: "a.txt", delete: true }] } },
        { ...agent, operation: "edit", body: { files: [{ path: "a.txt/x", content: "x\n" }] } },
      ],
    },
  },
  {
    rule: "change-altered",
    about: /changes dir, which it did not before/,
    reason:
      "git follows a file that others renamed. If commits take the folder dir away with a file in it, and add a similar file " +
      "dir, git takes that for a renaming, and a commit that is moved onto them changes dir.",
    walk: {
      format: "sha1",
      empty: false,
      steps: [
        { ...agent, operation: "clone", body: { agent_id: "a", task_id: "t0" } },
        { ...agent, operation: "edit", body: { files: [{ path: "dir/c.txt", content: LINES }] } },
        { ...agent, operation: "push", body: { message: "A1", to: "main" } },
        { by: "person", event: "drop", args: ["P2", "main", "1", "run.sh", "UDIK"] },
        { by: "person", event: "commit", args: ["P3", "main", "dir", Buffer.from(LINES).toString("base64"), "755"] },
        { ...agent, special: { kind: "line", path: "dir/c.txt", line: 4, text: "line by A4" } },
        { ...agent, operation: "push", body: { message: "A4" } },
        { ...agent, operation: "pull", body: {} },
      ],
    },
  },
];

/** Returns the name of an entry in reports. */
export const nameOf = ({ rule, about }: Known): string => (about ? `${rule} (${about.source})` : rule);

export const knownOf = ({ rule, detail }: Violation): Known | undefined =>
  KNOWN.find((known) => known.rule === rule && (known.about?.test(detail) ?? true));
