import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** Streams over pipe ends that we opened ourselves; closing the stream closes the descriptor. */
export function reader(fd: number): Readable {
  return new Socket({ fd, readable: true, writable: false });
}

export function writer(fd: number): Writable {
  return new Socket({ fd, readable: false, writable: true });
}
