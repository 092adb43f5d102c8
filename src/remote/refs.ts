import type { Remote, RemoteRefs } from "../ops/operation.ts";
import { DELIMITER, FLUSH, linesOf, pktLine } from "./pkt-line.ts";

/** Linux takes no longer parameter of a process than 128 KiB. Some 1,500 branches and tags. */
const MAX_LIST_BYTES = 100 * 1024;
/** The wire's lines are hardly longer than the list's. */
const MAX_ANSWER_BYTES = 2 * MAX_LIST_BYTES;

// Protocol version 2, without asking first whether the host speaks it: one that does not answers something else.
const REQUEST = [
  pktLine("command=ls-refs\n"),
  DELIMITER,
  pktLine("symrefs\n"),
  ...["HEAD", "refs/heads/", "refs/tags/"].map((prefix) => pktLine(`ref-prefix ${prefix}\n`)),
  FLUSH,
].join("");

// git-check-ref-format(1), and no more than one line of the answer says.
const LINE =
  /^(?<oid>[0-9a-f]{40}) (?<name>HEAD|refs\/(?:heads|tags)\/[^\s\p{Cc}~^:?*[\\]+)(?: symref-target:refs\/heads\/(?<target>\S+))?$/u;

/**
 * Asks a git host for its branches and tags in one request (gitprotocol-v2(5), ls-refs; gitprotocol-http(5)).
 * @returns undefined where the host does not answer, or anything but a list of no more than 100 KiB: git, asked for a fetch,
 * finds out by itself what is wrong and says it
 */
export async function remoteRefs({ url, authorization }: Remote, signal: AbortSignal): Promise<RemoteRefs | undefined> {
  const headers = {
    "Content-Type": "application/x-git-upload-pack-request",
    Accept: "application/x-git-upload-pack-result",
    "Git-Protocol": "version=2",
    // Some hosts answer a page to who is not git.
    "User-Agent": "git/2 (warmtree)",
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  try {
    // A redirect would take the credential elsewhere.
    const response = await fetch(`${url}/git-upload-pack`, {
      method: "POST",
      headers,
      body: REQUEST,
      redirect: "manual",
      signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return undefined;
    }
    const answer = await shortBody(response);
    return answer && readRefs(answer);
  } catch {
    return undefined;
  }
}

async function shortBody({ body }: Response): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of body ?? []) {
    total += chunk.byteLength;
    if (total > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** An answer to ls-refs. Undefined where it is none, or where git would do anything else than take over these names. */
export function readRefs(answer: Uint8Array): RemoteRefs | undefined {
  let head: string | undefined;
  const refs: { readonly name: string; readonly oid: string }[] = [];
  for (const line of linesOf(answer) ?? []) {
    const { oid, name, target } = LINE.exec(line)?.groups ?? {};
    if (oid === undefined || name === undefined || name === "refs/heads/HEAD") return undefined;
    if (name === "HEAD") head = target;
    refs.push({ name: name.replace(/^(?:refs\/heads\/|(?=HEAD$))/, "refs/remotes/origin/"), oid });
  }
  const list = refs
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, oid }) => `${oid} ${name}`)
    .join("\n");
  const isShort = new TextEncoder().encode(list).byteLength <= MAX_LIST_BYTES;
  return head !== undefined && isShort ? { head, list } : undefined;
}
