import { lineOf, payloads } from "./pkt-line.ts";
import type { Remote } from "./types.ts";
import { requestUploadPack } from "./upload-pack.ts";

/** Messages of git for a missing object (upload-pack.c); hosts that are not git send the same. */
const NOT_THERE = /not our ref|missing|unknown object|bad object/i;

/**
 * Asks a git host whether it has an object, in one request (gitprotocol-v2(5), fetch). The request both wants and has
 * the object, so the pack is empty.
 * @returns undefined if the host does not tell
 */
export async function hasObject(remote: Remote, id: string, signal: AbortSignal): Promise<boolean | undefined> {
  const format = id.length === 40 ? [] : ["object-format=sha256"];
  const lines = ["no-progress", `want ${id}`, `have ${id}`, "done"];
  try {
    let answer: boolean | undefined;
    for await (const payload of payloads(
      await requestUploadPack(remote, { command: "fetch", capabilities: format, lines }, signal),
    )) {
      if (answer !== undefined) continue;
      const line = lineOf(payload);
      if (line === "packfile") answer = true;
      else if (line.startsWith("ERR ")) return NOT_THERE.test(line) ? false : undefined;
    }
    return answer;
  } catch {
    return undefined;
  }
}
