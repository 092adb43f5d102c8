import { textOf } from "./sections.ts";

const NUL = 0;
const NEWLINE = 10;
const MAX_TEXT_CHARACTERS = 300;

export interface Match {
  path: string;
  line: number;
  text: string;
}

/**
 * Parses the output of `git grep -n -z`: path, NUL, line number, NUL, line. In a commit, the path begins with the
 * commit's name and a colon. `lines` counts the line ends that were read, also those within paths, as the offset of the
 * next page. Total: stops at the first record that is not a match.
 */
export function readMatches(
  bytes: Uint8Array,
  limit: number,
  inCommit: boolean,
): { matches: Match[]; lines: number; more: boolean } {
  const matches: Match[] = [];
  let at = 0;
  while (matches.length < limit) {
    const pathEnd = bytes.indexOf(NUL, at);
    const numberEnd = pathEnd === -1 ? -1 : bytes.indexOf(NUL, pathEnd + 1);
    const lineEnd = numberEnd === -1 ? -1 : bytes.indexOf(NEWLINE, numberEnd + 1);
    if (lineEnd === -1) break;
    const name = textOf(bytes.subarray(at, pathEnd));
    const line = Number(textOf(bytes.subarray(pathEnd + 1, numberEnd)));
    if (!Number.isSafeInteger(line)) break;
    const text = textOf(bytes.subarray(numberEnd + 1, lineEnd));
    const path = inCommit ? name.slice(name.indexOf(":") + 1) : name;
    matches.push({ path, line, text: shorten(text) });
    at = lineEnd + 1;
  }
  return { matches, lines: countLineEnds(bytes.subarray(0, at)), more: at > 0 && at < bytes.length };
}

const shorten = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS).toWellFormed()}…` : text;

function countLineEnds(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === NEWLINE) count++;
  return count;
}
