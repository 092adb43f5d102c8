import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { type Helper, startHelper } from "./helper.ts";
import type { Gateway } from "./machine.ts";
import type { Owner } from "./owner.ts";
import { readLine } from "./read-line.ts";
import { RELAY_SCRIPT } from "./relay-script.ts";

/** Settings to start a Perl script in a network namespace that its sandbox's processes can enter too. */
export interface NetworkPremises {
  readonly command: (script: string, args: readonly string[]) => readonly string[];
  readonly owner: Owner | undefined;
  /** Folder of the relays' sockets. */
  readonly directory: string;
}

/** The network of one sandbox, whose only way out is its gateway. */
export class PrivateNetwork {
  readonly #relay: Helper;
  readonly #server: Server;
  readonly #door: string;
  readonly #gateway: Gateway;
  /** Gateway ports that the relay listens on. */
  readonly #offered = new Set<string>();
  /** Whether a connection reaches the gateway; if not, programs get the error that the network is unreachable. */
  readonly reachesOut: boolean;

  private constructor(relay: Helper, server: Server, door: string, gateway: Gateway) {
    this.#relay = relay;
    this.#gateway = gateway;
    this.#server = server;
    this.#door = door;
    this.reachesOut = relay.firstLine === "ready open";
  }

  /** @throws Error with the reason */
  static async open(premises: NetworkPremises, name: string, gateway: Gateway): Promise<PrivateNetwork> {
    const [host, door] = [join(premises.directory, `${name}.out`), join(premises.directory, `${name}.in`)];
    const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket, gateway));
    // Every user may connect; access to the directory limits who can.
    server.listen({ path: host, writableAll: true });
    await once(server, "listening");
    let network: PrivateNetwork | undefined;
    try {
      const [command = "", ...args] = premises.command(RELAY_SCRIPT, [host, door]);
      network = new PrivateNetwork(await startHelper(command, args, premises.owner), server, door, gateway);
      await network.offerPorts();
      return network;
    } catch (error) {
      await network?.close();
      server.close();
      throw error;
    }
  }

  /** Path of the network namespace, for nsenter. */
  get namespace(): string {
    return `/proc/${this.#relay.pid}/ns/net`;
  }

  /** Listens on the gateway's ports that have no listener yet. @throws Error if a port is taken */
  async offerPorts(): Promise<void> {
    for (const { address, port } of this.#gateway.loopbackPorts) {
      const place = `${address} ${port}`;
      if (this.#offered.has(place)) continue;
      const answer = Promise.race([once(this.#relay.output, "data"), this.#relay.gone]);
      this.#relay.input.write(`${place}\n`);
      const said = String(await answer).trim();
      if (said !== "ok") throw new Error(`port ${port} of the sandbox cannot be this machine's: ${said}`);
      this.#offered.add(place);
    }
  }

  async dial(port: number): Promise<Duplex | undefined> {
    // The port leads to a program of this machine, not of the sandbox.
    if (this.#gateway.loopbackPorts.some((offered) => offered.port === port)) return undefined;
    const socket = connect(this.#door);
    socket.on("error", () => undefined);
    socket.write(`${port}\n`);
    if ((await readLine(socket)) === "ok") return socket;
    socket.destroy();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#relay.end();
    this.#server.close();
    rmSync(this.#door, { force: true });
  }
}

async function serve(socket: Socket, gateway: Gateway): Promise<void> {
  socket.on("error", () => undefined);
  const [what, address = "", port] = (await readLine(socket))?.split(" ") ?? [];
  if (what === "tcp") gateway.connect(socket, address, Number(port));
  else if (what === "dns") socket.end(await gateway.resolve(await buffer(socket)));
  else socket.destroy();
}
