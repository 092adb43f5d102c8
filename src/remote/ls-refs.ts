import { MAX_LIST_BYTES, type Remote, type RemoteRefs } from "./types.ts";
import { lineOf, payloads } from "./pkt-line.ts";
import { askUploadPack, type Question } from "./upload-pack.ts";

/** The wire's lines are hardly longer than the list's. */
const MAX_ANSWER_BYTES = 2 * MAX_LIST_BYTES;

const QUESTION: Question = {
  command: "ls-refs",
  lines: ["symrefs", ...["HEAD", "refs/heads/", "refs/tags/"].map((prefix) => `ref-prefix ${prefix}`)],
};

// git-check-ref-format(1), and no more than one line of the answer says.
const LINE =
  /^(?<oid>[0-9a-f]{40}) (?<name>HEAD|refs\/(?:heads|tags)\/[^\s\p{Cc}~^:?*[\\]+)(?: symref-target:refs\/heads\/(?<target>\S+))?$/u;

/**
 * Asks a git host for its branches and tags in one request (gitprotocol-v2(5), ls-refs).
 * @returns undefined where the host does not answer, or anything but a list of no more than 100 KiB: git, asked for a fetch,
 * finds out by itself what is wrong and says it
 */
export async function remoteRefs(remote: Remote, signal: AbortSignal): Promise<RemoteRefs | undefined> {
  try {
    return await readRefs(short(await askUploadPack(remote, QUESTION, signal)));
  } catch {
    return undefined;
  }
}

async function* short(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let total = 0;
  // Leaving the loop early cancels the stream.
  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > MAX_ANSWER_BYTES) throw new Error("a list of refs is too long");
    yield chunk;
  }
}

/**
 * An answer to ls-refs. Undefined where git would do anything else than take over these names; throws where it is no
 * such answer.
 */
export async function readRefs(answer: AsyncIterable<Uint8Array>): Promise<RemoteRefs | undefined> {
  let head: string | undefined;
  const refs: { readonly name: string; readonly oid: string }[] = [];
  for await (const payload of payloads(answer)) {
    const { oid, name, target } = LINE.exec(lineOf(payload))?.groups ?? {};
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
