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

/** How to start a Perl script in a network namespace that its sandbox's processes can enter, too. */
export interface NetworkPremises {
  readonly command: (script: string, args: readonly string[]) => readonly string[];
  readonly owner: Owner | undefined;
  /** Where sockets of the relays lie. */
  readonly directory: string;
}

/** The network of one sandbox, out of which there is no way but its gateway. */
export class PrivateNetwork {
  readonly #relay: Helper;
  readonly #server: Server;
  readonly #door: string;
  readonly #gateway: Gateway;
  /** Ports that the relay listens on for the gateway. */
  readonly #offered = new Set<string>();
  /** Whether a connection reaches the gateway; where not, programs are told that the network is unreachable. */
  readonly reachesOut: boolean;

  private constructor(relay: Helper, server: Server, door: string, gateway: Gateway) {
    this.#relay = relay;
    this.#gateway = gateway;
    this.#server = server;
    this.#door = door;
    this.reachesOut = relay.firstLine === "ready open";
  }

  /** @throws Error in the words of whatever went wrong */
  static async open(premises: NetworkPremises, name: string, gateway: Gateway): Promise<PrivateNetwork> {
    const [host, door] = [join(premises.directory, `${name}.out`), join(premises.directory, `${name}.in`)];
    const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket, gateway));
    // For every user: only those who reach the directory find it.
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

  /** For nsenter. */
  get namespace(): string {
    return `/proc/${this.#relay.pid}/ns/net`;
  }

  /** Listens on those of the gateway's ports that it does not listen on yet. @throws Error when one is taken */
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
    // Behind it is this machine's program.
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
