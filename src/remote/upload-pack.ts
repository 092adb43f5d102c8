import type { Remote } from "./types.ts";
import { DELIMITER, FLUSH, pktLine } from "./pkt-line.ts";

/** One protocol-v2 command. Capabilities are not probed; the answer of a v0/v1 host fails to parse. */
export interface UploadPackCommand {
  readonly command: "ls-refs" | "fetch";
  /** Besides the command, before its lines. */
  readonly capabilities?: readonly string[];
  readonly lines: readonly string[];
}

/**
 * Sends one command to a repository's upload-pack (gitprotocol-v2(5), gitprotocol-http(5)).
 * @returns the body of the answer. Throws unless the host answers 200
 */
export async function requestUploadPack(
  { url, authorization }: Remote,
  { command, capabilities = [], lines }: UploadPackCommand,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const headers = {
    "Content-Type": "application/x-git-upload-pack-request",
    Accept: "application/x-git-upload-pack-result",
    "Git-Protocol": "version=2",
    // Some hosts answer other clients with a web page.
    "User-Agent": "git/2 (warmtree)",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  const text = (all: readonly string[]) => all.map((line) => pktLine(`${line}\n`)).join("");
  const body = text([`command=${command}`, ...capabilities]) + DELIMITER + text(lines) + FLUSH;
  // A redirect would send the credential to another address.
  const response = await fetch(`${url}/git-upload-pack`, { method: "POST", headers, body, redirect: "manual", signal });
  if (response.status === 200 && response.body) return response.body;
  await response.body?.cancel();
  throw new Error(`the git host answered ${response.status}`);
}
