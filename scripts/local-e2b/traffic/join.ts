import type { Duplex } from "node:stream";

/** Makes one connection of two: bytes both ways, each way to its own end, and what breaks one breaks the other. */
export function join(one: Duplex, other: Duplex): void {
  lead(one, other);
  lead(other, one);
}

function lead(from: Duplex, to: Duplex): void {
  from.on("error", () => to.destroy());
  from.once("close", () => {
    // What came before a clean end may still be on its way.
    if (!from.readableEnded) to.destroy();
  });
  from.pipe(to);
}
