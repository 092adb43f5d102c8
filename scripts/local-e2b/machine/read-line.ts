import type { Readable } from "node:stream";

/** Reads one short line from a stream, and no byte after it. @returns undefined if the stream ends first */
export function readLine(stream: Readable): Promise<string | undefined> {
  return new Promise((resolve) => {
    let line = "";
    const end = (found: string | undefined): void => {
      stream.off("readable", read).off("end", fail).off("close", fail);
      resolve(found);
    };
    const fail = (): void => end(undefined);
    const read = (): void => {
      for (;;) {
        const byte: Buffer | null = stream.read(1);
        if (byte === null) return;
        const character = byte.toString("latin1");
        if (character === "\n") break;
        line += character;
      }
      end(line);
    };
    stream.on("readable", read).once("end", fail).once("close", fail);
  });
}
