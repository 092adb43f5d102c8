import { MAX_LIST_BYTES, type Remote, type RemoteRefs } from "./types.ts";
import { lineOf, payloads } from "./pkt-line.ts";
import { requestUploadPack, type UploadPackCommand } from "./upload-pack.ts";

/** Lines on the wire are hardly longer than those of the list. */
const MAX_ANSWER_BYTES = 2 * MAX_LIST_BYTES;

const LS_REFS: UploadPackCommand = {
  command: "ls-refs",
  lines: ["symrefs", ...["HEAD", "refs/heads/", "refs/tags/"].map((prefix) => `ref-prefix ${prefix}`)],
};

// git-check-ref-format(1), limited to the forms that occur in the answer.
const LINE =
  /^(?<oid>[0-9a-f]{40}) (?<name>HEAD|refs\/(?:heads|tags)\/[^\s\p{Cc}~^:?*[\\]+)(?: symref-target:refs\/heads\/(?<target>\S+))?$/u;

/**
 * Lists the branches and tags of a git host in one request (gitprotocol-v2(5), ls-refs).
 * @returns undefined if the host does not answer, or the answer is not a list of at most 100 KiB: the fetch by git then
 *   reports the reason
 */
export async function remoteRefs(remote: Remote, signal: AbortSignal): Promise<RemoteRefs | undefined> {
  try {
    return await readRefs(short(await requestUploadPack(remote, LS_REFS, signal)));
  } catch {
    return undefined;
  }
}

async function* short(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let total = 0;
  // Breaking out of the loop cancels the stream.
  for await (const chunk of body) {
    total += chunk.byteLength;
    if (total > MAX_ANSWER_BYTES) throw new Error("a list of refs is too long");
    yield chunk;
  }
}

/**
 * Parses an answer to ls-refs. Returns undefined if git would not keep these names unchanged; throws if the answer has
 * another form.
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
