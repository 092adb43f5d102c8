import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TakenBytes } from "../../src/broker/taken-bytes.ts";

/** Lengths around the limits from which bytes are copied together. */
const length = fc.oneof(fc.constantFrom(0, 1, 2047, 2048, 4095, 4096, 4097), fc.nat(9000));
const step = fc.record({ add: length, read: length });

test("every byte is read once, in order, and all are kept in few chunks", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const taken = new TakenBytes();
      const [added, read]: [Buffer[], Uint8Array[]] = [[], []];
      let next = 0;
      for (const { add, read: wanted } of steps) {
        const chunk = Buffer.from(Array.from({ length: add }, () => (next = (next + 1) % 251)));
        taken.add(chunk);
        added.push(chunk);
        read.push(taken.read(wanted));
      }
      const all = Buffer.concat(added);
      expect(Buffer.concat(taken.chunks).equals(all)).toBe(true);
      expect(Buffer.concat(read).equals(all.subarray(0, taken.at))).toBe(true);
      expect(taken.left).toBe(all.byteLength - taken.at);
      expect(taken.chunks.length).toBeLessThanOrEqual(1 + (2 * all.byteLength) / 4096);
    }),
  );
});
