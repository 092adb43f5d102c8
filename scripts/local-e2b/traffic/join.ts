import type { Duplex } from "node:stream";

/** Joins two connections: copies bytes both ways, each until its own end. If one breaks, breaks the other. */
export function join(one: Duplex, other: Duplex): void {
  lead(one, other);
  lead(other, one);
}

function lead(from: Duplex, to: Duplex): void {
  from.on("error", () => to.destroy());
  from.once("close", () => {
    // After a clean end, the last bytes may still be on their way.
    if (!from.readableEnded) to.destroy();
  });
  from.pipe(to);
}
