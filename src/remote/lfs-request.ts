import { objectAddress } from "./lfs-address.ts";
import type { LfsAction } from "./lfs-batch.ts";
import { answered, elsewhere } from "./lfs-errors.ts";
import type { Remote } from "./types.ts";

/** Target of a repository's objects. */
export interface LfsTarget {
  readonly remote: Remote;
  /** The only origin that gets the credential of `remote`. */
  readonly origin: string;
  readonly allowedHosts: readonly string[];
  readonly signal: AbortSignal;
}

export const MEDIA_TYPE = "application/vnd.git-lfs+json";

/** Headers of every request. Some hosts refuse verification without them. */
export const CLIENT_HEADERS = { Accept: MEDIA_TYPE, "User-Agent": "git-lfs/3 (warmtree)" };

/** Enough for the answer about 100 objects with signed addresses. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Set by the request itself. A host that names them asks for a way of sending, not for other content. */
const OWN_HEADERS = ["Host", "Content-Length", "Transfer-Encoding", "Connection"];

interface Sent {
  readonly method: "PUT" | "POST";
  readonly type: string;
  readonly body: string | Uint8Array;
}

/**
 * Sends a request to the address of an action. Only the repository's own host gets the credential, unless the action
 * names another.
 * @param what is sent, for the error
 * @throws host_not_allowed before anything is sent; git_auth_failed, git_unreachable or push_rejected by the answer
 */
export async function act({ href, header }: LfsAction, sent: Sent, target: LfsTarget, what: string): Promise<void> {
  const { origin, allowedHosts, remote, signal } = target;
  const url = objectAddress(href, origin, allowedHosts);
  if (!url) throw elsewhere(href);
  const isOwn = url.origin === origin;
  const headers = headersOf(header ?? {});
  for (const name of OWN_HEADERS) headers.delete(name);
  if (!isOwn) dropCredential(headers, remote);
  for (const [name, value] of Object.entries({ ...CLIENT_HEADERS, "Content-Type": sent.type })) {
    if (!headers.has(name)) headers.set(name, value);
  }
  if (isOwn && remote.authorization !== undefined && !headers.has("Authorization")) {
    headers.set("Authorization", remote.authorization);
  }
  const { method, body } = sent;
  const response = await fetch(url, { method, headers, body, redirect: "manual", signal });
  const text = await textOf(response);
  if (!response.ok) throw answered(response, text, what, isOwn);
}

/** Removes the credential: some hosts put the credential that they got into headers for another address. */
function dropCredential(headers: Headers, { authorization }: Remote): void {
  const credential = authorization?.split(" ").at(-1);
  if (credential === undefined) return;
  const copies = [...headers].filter(([, value]) => value.includes(credential));
  for (const [name] of copies) headers.delete(name);
}

/** Returns the headers that a host names; none if one of them is invalid. */
function headersOf(header: Readonly<Record<string, string>>): Headers {
  try {
    return new Headers(header);
  } catch {
    return new Headers();
  }
}

/** Reads a body as text; throws if it is too long for an answer of Git LFS. */
export async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let total = 0;
  // Throwing cancels the stream.
  for await (const chunk of body ?? []) {
    total += chunk.byteLength;
    if (total > MAX_ANSWER_BYTES) throw new Error("an answer of Git LFS is too long");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
