import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** Returns a stream over a pipe end that this host opened. Closing the stream closes the file descriptor. */
export function reader(fd: number): Readable {
  return new Socket({ fd, readable: true, writable: false });
}

export function writer(fd: number): Writable {
  return new Socket({ fd, readable: false, writable: true });
}
