import { createHash } from "node:crypto";
import { pktLine } from "../../src/remote/pkt-line.ts";

export const NONE = "0".repeat(40);
export const oid = (digit: string) => digit.repeat(40);

/** Capabilities that git sends with a push. */
export const CAPABILITIES = "report-status side-band-64k object-format=sha1 agent=git/2.39.5";

/** Returns a body as a stream of chunks of `size` bytes. */
export function streamOf(bytes: Uint8Array, size = Math.max(1, bytes.byteLength)): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) controller.close();
      else controller.enqueue(bytes.slice(at, (at += size)));
    },
  });
}

interface Pushed {
  readonly commands: readonly (readonly [old: string, next: string, ref: string])[];
  readonly capabilities?: string;
  readonly shallow?: readonly string[];
  readonly pack?: string;
}

/** Returns the body of a push, as git sends it. */
export function pushBody({ commands, capabilities = CAPABILITIES, shallow = [], pack = "PACK…" }: Pushed): Uint8Array {
  const lines = commands.map((words, index) => pktLine(words.join(" ") + (index === 0 ? `\0 ${capabilities}` : "")));
  const before = shallow.map((id) => pktLine(`shallow ${id}`));
  return new TextEncoder().encode(`${before.join("")}${lines.join("")}0000${pack}`);
}

/** Returns a pack without an object, for a push of commits that the remote has already. */
export function emptyPack(): Buffer {
  const head = Buffer.from("5041434b0000000200000000", "hex");
  return Buffer.concat([head, createHash("sha1").update(head).digest()]);
}
