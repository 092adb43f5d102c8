import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import type { Duplex } from "node:stream";

/** State of a listening socket in proc_net_tcp. */
const LISTEN = "0A";
const ANY_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "0:0:0:0:0:0:0:0": "::1" };

interface Listener {
  /** Path of the socket's file descriptor in its process. */
  readonly link: string;
  readonly socket: string;
  readonly address: string;
}

/**
 * Finds the addresses on this machine's network at which a sandbox's processes listen. A loopback port may belong to
 * any process; the kernel identifies the owner by the socket's number. A search takes milliseconds, so the last result
 * is checked first.
 */
export class Listeners {
  readonly #found = new Map<number, Listener>();

  /** @param proc a proc file system that shows the sandbox's processes */
  find(proc: string, pids: () => readonly string[], port: number): string | undefined {
    const known = this.#found.get(port);
    if (known !== undefined && linkTarget(known.link) === known.socket) return known.address;
    this.#found.delete(port);
    for (const table of ["tcp", "tcp6"]) {
      const found = search(proc, pids, socketsAt(table, port));
      if (found === undefined) continue;
      this.#found.set(port, found);
      return found.address;
    }
    return undefined;
  }
}

function search(proc: string, pids: () => readonly string[], at: ReadonlyMap<string, string>): Listener | undefined {
  if (at.size === 0) return undefined;
  for (const link of pids().flatMap((pid) => descriptors(`${proc}/${pid}/fd`))) {
    const socket = linkTarget(link) ?? "";
    const address = at.get(socket);
    if (address !== undefined) return { link, socket, address: ANY_ADDRESS[address] ?? address };
  }
  return undefined;
}

/** @returns undefined if nothing accepts the connection */
export function dial(host: string, port: number): Promise<Duplex | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    // Later errors reach the user of the socket.
    socket.on("error", () => resolve(undefined));
  });
}

/** Returns the addresses of the sockets that listen on a port, by socket. */
function socketsAt(table: string, port: number): ReadonlyMap<string, string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = linesOf(`/proc/net/${table}`).map((line) => line.trim().split(/\s+/));
  const listening = rows.filter(([, local = "", , state]) => state === LISTEN && local.endsWith(wanted));
  return new Map(listening.map(([, local = "", , , , , , , , inode]) => [`socket:[${inode}]`, addressOf(local)]));
}

/** Parses an address, which is written as 32-bit words in the machine's byte order. */
function addressOf(local: string): string {
  const bytes = Buffer.from(local.split(":", 1)[0] ?? "", "hex").swap32();
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":");
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "latin1").split("\n");
  } catch {
    // This machine has no IPv6.
    return [];
  }
}

function descriptors(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => `${directory}/${name}`);
  } catch {
    // The process has ended meanwhile.
    return [];
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
