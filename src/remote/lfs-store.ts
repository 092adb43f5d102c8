import { WarmtreeError } from "../errors.ts";
import { batchRequest, type LfsTurn, readBatch, turnOf } from "./lfs-batch.ts";
import { answered, refused, tooMany, unreachable } from "./lfs-errors.ts";
import { act, CLIENT_HEADERS, type LfsTarget, MEDIA_TYPE, textOf } from "./lfs-request.ts";
import type { LfsContent, LfsFile, LfsObject } from "./types.ts";

/** Objects of one batch request, as git-lfs sends them; hosts refuse more. */
const MAX_OBJECTS = 100;
/** A Worker has six connections at once. */
const PARALLEL = 4;

interface Wanted extends LfsObject {
  readonly content: LfsContent;
}

/**
 * Stores contents at the Git LFS of a repository's host, with the basic transfer (git-lfs docs/api). Contents that the
 * host has already are not sent.
 * @returns a file for each content; undefined: the host has no Git LFS
 * @throws WarmtreeError: git_auth_failed, git_unreachable, host_not_allowed, push_rejected or invalid_input
 */
export async function storeContents(
  contents: readonly LfsContent[],
  target: LfsTarget,
): Promise<readonly LfsFile[] | undefined> {
  if (contents.length > MAX_OBJECTS) throw tooMany(MAX_OBJECTS);
  const wanted = await Promise.all(contents.map(async (content) => ({ content, ...(await objectOf(content)) })));
  const byOid = new Map(wanted.map((object) => [object.oid, object]));
  try {
    const turns = await turnsOf([...byOid.values()], target);
    if (!turns) return undefined;
    await uploadAll(byOid, turns, target);
    return wanted.map(({ content: { path }, oid, size }) => {
      return { path, oid, size, uploaded: turns.get(oid)?.kind === "upload" };
    });
  } catch (error) {
    throw error instanceof WarmtreeError ? error : unreachable(error);
  }
}

async function objectOf({ bytes }: LfsContent): Promise<LfsObject> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return { oid: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""), size: bytes.length };
}

/** Returns the host's answers about the objects; undefined without Git LFS. Throws the host's refusal of an object. */
async function turnsOf(
  wanted: readonly Wanted[],
  { remote: { url, authorization }, signal }: LfsTarget,
): Promise<ReadonlyMap<string, LfsTurn> | undefined> {
  const headers = {
    ...CLIENT_HEADERS,
    "Content-Type": MEDIA_TYPE,
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  const body = batchRequest(wanted.map(({ oid, size }) => ({ oid, size })));
  const address = `${url.replace(/\.git$/, "")}.git/info/lfs/objects/batch`;
  // A redirect would send the credential to another address.
  const response = await fetch(address, { method: "POST", headers, body, redirect: "manual", signal });
  const text = await textOf(response);
  if ([404, 405, 501].includes(response.status)) return undefined;
  if (!response.ok) throw answered(response, text, named(wanted), true);
  const answer = readBatch(text);
  if (!answer) return undefined;
  const turns = new Map<string, LfsTurn>();
  for (const { oid, content } of wanted) {
    const turn = turnOf(oid, answer);
    if (turn.kind === "refused") throw refused(`'${content.path}'`, turn.said);
    turns.set(oid, turn);
  }
  return turns;
}

const named = (wanted: readonly Wanted[]) => wanted.map(({ content }) => `'${content.path}'`).join(", ");

/** Uploads some objects at once. The first failure ends the other uploads. */
async function uploadAll(
  wanted: ReadonlyMap<string, Wanted>,
  turns: ReadonlyMap<string, LfsTurn>,
  target: LfsTarget,
): Promise<void> {
  const stop = new AbortController();
  const own = { ...target, signal: AbortSignal.any([target.signal, stop.signal]) };
  const left = [...turns];
  const next = async (): Promise<void> => {
    for (let entry = left.pop(); entry; entry = left.pop()) {
      const [oid, turn] = entry;
      const object = wanted.get(oid);
      if (object && turn.kind === "upload") await upload(object, turn, own);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, next));
  } finally {
    stop.abort();
  }
}

async function upload(
  { oid, size, content: { path, bytes } }: Wanted,
  { upload: to, verify }: LfsTurn & { kind: "upload" },
  target: LfsTarget,
): Promise<void> {
  const what = `'${path}'`;
  await act(to, { method: "PUT", type: "application/octet-stream", body: bytes }, target, what);
  const body = JSON.stringify({ oid, size });
  if (verify) await act(verify, { method: "POST", type: MEDIA_TYPE, body }, target, what);
}
