import { isIP } from "node:net";
import type { LoopbackPort } from "../machine/machine.ts";

const ENTRY = /^(?<host>localhost|127(?:\.\d{1,3}){3}|\[::1\]):(?<port>\d{1,5})$/i;
const MAX_PORT = 65_535;

/** Returns the loopback port in an allow list entry, with its address, also in the sandbox; otherwise undefined. */
export function loopbackPort(entry: string): LoopbackPort | undefined {
  const { host = "", port: digits } = ENTRY.exec(entry)?.groups ?? {};
  const port = Number(digits);
  const address = host.toLowerCase() === "localhost" ? "127.0.0.1" : host.replaceAll(/[[\]]/g, "");
  return isIP(address) > 0 && port > 0 && port <= MAX_PORT ? { address, port } : undefined;
}
