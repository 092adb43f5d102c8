import { createSocket } from "node:dgram";
import { getServers, lookup, type LookupAddress, type LookupOptions } from "node:dns";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { Gateway, LoopbackPort } from "../machine/machine.ts";
import { join } from "../traffic/join.ts";
import { type EgressRules, isInternal } from "./rules.ts";
import { httpName, type Named, tlsName } from "./server-name.ts";

/** A host and port in this machine's network. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Returns the place to connect to instead; undefined to connect to the place itself. */
export type Routes = (place: Place) => Place | undefined;

/** Ports on which E2B reads the server name that a connection sends, with its reader. */
const NAMED_PORTS: Readonly<Record<number, (bytes: Buffer) => Named>> = { 80: httpName, 443: tlsName };
const MAX_FIRST_BYTES = 64 * 1024;
const RESOLVER_PATIENCE_MS = 5000;
const DNS_PORT = 53;

/** Gateway from a sandbox with egress rules to the network. New rules apply to new connections, as in E2B. */
export class Egress implements Gateway {
  rules: EgressRules;
  readonly #routes: Routes;

  constructor(rules: EgressRules, routes: Routes) {
    this.rules = rules;
    this.#routes = routes;
  }

  get loopbackPorts(): readonly LoopbackPort[] {
    return this.rules.loopbackPorts;
  }

  connect(program: Duplex, address: string, port: number): void {
    void this.#connect(program, address, port);
  }

  async #connect(program: Duplex, address: string, port: number): Promise<void> {
    if (this.rules.mayReachLoopback(address, port)) return this.#join(program, { host: address, port });
    const nameIn = this.rules.haveNames ? NAMED_PORTS[port] : undefined;
    const name = nameIn === undefined ? undefined : await firstName(program, nameIn);
    // Connects by name, not by the program's address: a hosts file in the sandbox cannot lead elsewhere.
    if (name !== undefined && this.rules.mayName(name)) this.#join(program, { host: name, port });
    else if (this.rules.mayReach(address)) this.#join(program, { host: address, port });
    else program.destroy();
  }

  async resolve(question: Buffer): Promise<Buffer> {
    const [server] = this.rules.mayResolve ? getServers() : [];
    if (server === undefined) return Buffer.alloc(0);
    const place = resolverPlace(server);
    return ask(this.#routes(place) ?? place, question);
  }

  #join(program: Duplex, place: Place): void {
    const routed = this.#routes(place);
    const far = connect({
      ...(routed ?? place),
      allowHalfOpen: true,
      noDelay: true,
      ...(routed === undefined ? { lookup: lookUp } : {}),
    });
    join(program, far);
  }
}

/** Reads from a connection until its server name is known, and puts the bytes back. */
async function firstName(program: Duplex, nameIn: (bytes: Buffer) => Named): Promise<string | undefined> {
  let bytes = Buffer.alloc(0);
  let named = nameIn(bytes);
  while (named === undefined && bytes.length < MAX_FIRST_BYTES) {
    const more = await nextBytes(program);
    if (more === undefined) break;
    bytes = Buffer.concat([bytes, more]);
    named = nameIn(bytes);
  }
  if (bytes.length > 0 && !program.readableEnded) program.unshift(bytes);
  return named?.name;
}

function nextBytes(stream: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const end = (): void => {
      stream.off("readable", end).off("close", end);
      const bytes: Buffer | null = stream.read();
      resolve(bytes ?? undefined);
    };
    stream.once("readable", end).once("close", end);
  });
}

/** Resolves a name as the system does, but drops internal addresses: an allowed name may point to any address. */
function lookUp(
  host: string,
  options: LookupOptions,
  done: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const found = (error === null ? addresses : []).filter(({ address }) => !isInternal(address));
    const [first] = found;
    if (first === undefined) done(error ?? new Error(`${host} has no address that a sandbox may reach`), []);
    else if (options.all === true) done(null, found);
    else done(null, first.address, first.family);
  });
}

/** Parses a resolver as Node names it: an address, or an address with a port. */
function resolverPlace(server: string): Place {
  if (isIP(server) > 0) return { host: server, port: DNS_PORT };
  const [host = "", port] = server.replaceAll(/[[\]]/g, "").split(/:(?=\d+$)/);
  return { host, port: Number(port) };
}

function ask({ host, port }: Place, question: Buffer): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4");
  const timer = setTimeout(() => resolve(Buffer.alloc(0)), RESOLVER_PATIENCE_MS);
  socket.on("message", resolve).on("error", () => resolve(Buffer.alloc(0)));
  socket.send(question, port, host);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}
