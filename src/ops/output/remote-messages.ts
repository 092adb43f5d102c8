import { cutAtWord } from "../../redaction/plain-text.ts";
import type { ScriptOutput } from "./script-output.ts";
import { sectionText } from "./sections.ts";

const MESSAGES_SECTION = 5;
/** Enough for a host's messages; the rest is decoration. */
const MAX_LINES = 30;
const MAX_LINE_CHARACTERS = 500;

/** Progress of the host, which git prints among its messages. */
const PROGRESS = /^(?:Resolving deltas|Counting objects|Compressing objects|Processed \d+ references|Total \d+)\b/;

/**
 * The git host's messages about a push: the lines that git prints as `remote: …`, without terminal control sequences.
 */
export function remoteMessages({ sections }: ScriptOutput): string[] {
  const lines = sectionText(sections, MESSAGES_SECTION)
    .split(/[\r\n]+/)
    .filter((line) => line.startsWith("remote:"))
    // oxlint-disable-next-line no-control-regex -- they are removed
    .map((line) => line.slice("remote:".length).replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, ""))
    .map((line) => cutAtWord(line.trim(), MAX_LINE_CHARACTERS))
    .filter((line) => line !== "" && !PROGRESS.test(line));
  return lines.slice(0, MAX_LINES);
}

const AMEND = "then push {amend: true}";
const UNCOMMIT =
  'If an older commit of yours is the cause, restore {to: "<the branch you started from, as origin/…>", keep: true} takes your commits back and keeps the files.';

const ANOTHER_BRANCH = "Push to another branch with 'to'.";

/**
 * Messages of hosts' rules about the content of commits (GitHub's GH codes, GitLab's push rules, Bitbucket), and the
 * advice for each. The first match wins.
 */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /GH013|secret|push protection|credential.*(?:found|detected)/i,
    `A commit contains a secret. Remove it from the file, ${AMEND}. ${UNCOMMIT}`,
  ],
  [
    /GH001|exceeds .*(?:limit|size)|larger than|too large|file size/i,
    `A file is too large for the host. Delete it, ${AMEND}. ${UNCOMMIT}`,
  ],
  [
    /workflow.*scope|scope.*workflow/i,
    `The token may not change workflows. Restore those files, ${AMEND}, or send a token with that permission in X-Git-Token. ${UNCOMMIT}`,
  ],
  [
    /\bsign(?:ed|ature)/i,
    "The host accepts only signed commits, and these are unsigned. Ask the operator, or push to another branch with 'to'.",
  ],
  [
    /GH007|e-?mail|committer|author.*(?:not a|must|verif)/i,
    "The host does not accept commits by this author or committer. The operator sets both.",
  ],
  [
    /message|does not follow the pattern|pattern/i,
    `The host requires another message: push {amend: true, message: "…"}.`,
  ],
];

/** Part of the host's messages that fits into a sentence; the caller gets all of them in a separate field. */
const MAX_QUOTED_CHARACTERS = 300;

/** Text for a push that the host's rules refused: git's reason, the host's own words, and the advice. */
export function refusal(reason: string, messages: readonly string[]): string {
  const words = cutAtWord(messages.join(" / "), MAX_QUOTED_CHARACTERS);
  const said = [reason, words].filter((text) => text !== "").join(": ");
  const way = CAUSES.find(([pattern]) => pattern.test([reason, ...messages].join("\n")))?.[1];
  return `The git host's rules refused the push (${said}). Your commits are kept in the workspace. ${way ?? ANOTHER_BRANCH}`;
}
