import * as fc from "fast-check";
import { expect } from "vitest";
import { MAX_COMMANDS_BYTES, readCommands } from "../../src/broker/commands.ts";
import { PktLineError, PktLineReader } from "../../src/broker/pkt-line.ts";
import { pushBodies } from "./push-bodies.ts";
import { startReceiving } from "./receiving.ts";
import { streamOf } from "./support.ts";

/** How often both readers understood commands, and how often git alone did. */
export interface Agreement {
  readonly bodies: number;
  both: number;
  refused: number;
}

/** Returns the broker's commands as lines; undefined if it refuses the body. Throws any error but PktLineError. */
async function read(body: Uint8Array, size: number): Promise<string[] | undefined> {
  try {
    const { commands } = await readCommands(new PktLineReader(streamOf(body, size), MAX_COMMANDS_BYTES));
    return commands.map(({ old, new: next, ref }) => `${old} ${next} ${Buffer.from(ref).toString("latin1")}`);
  } catch (error) {
    if (error instanceof PktLineError) return undefined;
    throw error;
  }
}

/** Gives bodies to the broker's reader and to git: git must understand no command that the broker did not read. */
export async function compareWithGit(bodies: number): Promise<Agreement> {
  const receiving = startReceiving();
  const agreement: Agreement = { bodies, both: 0, refused: 0 };
  try {
    await fc.assert(
      fc.asyncProperty(pushBodies(receiving.commits), fc.integer({ min: 1, max: 200 }), async (body, size) => {
        const own = await read(body, size);
        const heard = receiving.hear(body);
        if (own === undefined) {
          if (heard.length > 0) agreement.refused += 1;
          return;
        }
        if (heard.length > 0) agreement.both += 1;
        expect(heard.filter((line) => !own.includes(line))).toEqual([]);
      }),
      { numRuns: bodies },
    );
  } finally {
    receiving.remove();
  }
  return agreement;
}
