import type { Remote } from "./types.ts";
import { DELIMITER, FLUSH, pktLine } from "./pkt-line.ts";

/** What a git host is asked in protocol version 2, without asking first whether it speaks it: one that does not answers something else. */
export interface Question {
  readonly command: "ls-refs" | "fetch";
  readonly lines: readonly string[];
}

/**
 * Asks a repository's upload-pack one question (gitprotocol-v2(5), gitprotocol-http(5)).
 * @returns the answer's body. Throws where the host does not answer so.
 */
export async function askUploadPack(
  { url, authorization }: Remote,
  { command, lines }: Question,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = {
    "Content-Type": "application/x-git-upload-pack-request",
    Accept: "application/x-git-upload-pack-result",
    "Git-Protocol": "version=2",
    // Some hosts answer a page to who is not git.
    "User-Agent": "git/2 (warmtree)",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  const body = pktLine(`command=${command}\n`) + DELIMITER + lines.map((line) => pktLine(`${line}\n`)).join("") + FLUSH;
  // A redirect would take the credential elsewhere.
  const response = await fetch(`${url}/git-upload-pack`, { method: "POST", headers, body, redirect: "manual", signal });
  if (response.status === 200 && response.body) return response.body;
  await response.body?.cancel();
  throw new Error(`the git host answered ${response.status}`);
}
