import { lineOf, payloads } from "./pkt-line.ts";
import type { Remote } from "./types.ts";
import { requestUploadPack, type UploadPackCommand } from "./upload-pack.ts";

const LS_HEAD: UploadPackCommand = { command: "ls-refs", lines: ["symrefs", "ref-prefix HEAD"] };
const HEAD = /^[0-9a-f]+ HEAD(?: symref-target:refs\/heads\/(?<name>\S+))?$/;

/**
 * Asks a git host for the name of a repository's default branch, in one request (gitprotocol-v2(5), ls-refs).
 * @returns null if the repository has none yet; undefined if the host does not tell
 */
export async function defaultBranch(remote: Remote, signal: AbortSignal): Promise<string | null | undefined> {
  let found: string | null | undefined = null;
  try {
    for await (const payload of payloads(await requestUploadPack(remote, LS_HEAD, signal))) {
      const head = HEAD.exec(lineOf(payload));
      if (head) found = head.groups?.["name"];
    }
    return found;
  } catch {
    return undefined;
  }
}
