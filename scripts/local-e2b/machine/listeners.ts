import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** State of a socket that listens, in proc_net_tcp. */
const LISTEN = "0A";
const ANY_ADDRESS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "0:0:0:0:0:0:0:0": "::1" };

/**
 * Where on this machine's network a process of a sandbox listens on a port. A port of the loopback may be anybody's; whose it
 * is, the kernel tells by the socket's number.
 * @param proc a proc file system, and in it the processes of the sandbox
 */
export function listenerOf(proc: string, pids: Iterable<string>, port: number): string | undefined {
  const listening = new Map(["tcp", "tcp6"].flatMap((table) => socketsAt(table, port)));
  if (listening.size === 0) return undefined;
  for (const pid of pids) {
    for (const socket of socketsOf(`${proc}/${pid}/fd`)) {
      const address = listening.get(socket);
      if (address !== undefined) return ANY_ADDRESS[address] ?? address;
    }
  }
  return undefined;
}

/** @returns undefined when nothing answers there */
export function dial(host: string, port: number): Promise<Duplex | undefined> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host, port, noDelay: true }, () => {
      socket.off("error", refused);
      resolve(socket);
    });
    const refused = (): void => resolve(undefined);
    socket.on("error", refused);
  });
}

function socketsAt(table: string, port: number): readonly (readonly [socket: string, address: string])[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return linesOf(`/proc/net/${table}`).flatMap((line) => {
    const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
    return state === LISTEN && local.endsWith(wanted) ? [[`socket:[${inode}]`, addressOf(local)] as const] : [];
  });
}

/** Addresses are written as 32-bit words in the machine's byte order. */
function addressOf(local: string): string {
  const bytes = Buffer.from(local.split(":", 1)[0] ?? "", "hex").swap32();
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":");
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "latin1").split("\n");
  } catch {
    // No IPv6 on this machine.
    return [];
  }
}

function* socketsOf(directory: string): Generator<string> {
  try {
    for (const name of readdirSync(directory)) yield readlinkSync(`${directory}/${name}`);
  } catch {
    // The process, or a descriptor of it, has ended meanwhile.
  }
}
