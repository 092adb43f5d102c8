import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../../support/listen.ts";
import { DelayLine } from "./delay-line.ts";
import { Lane } from "./lane.ts";

export interface WanLink {
  /** Milliseconds of a round trip; a new connection takes one more, as TCP's handshake does. */
  readonly rttMs: number;
  /** Rate in each direction, shared by all connections. */
  readonly mbitPerSecond: number;
}

interface WanTraffic {
  /** Bytes towards the far end, and from it. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly connections: number;
}

export interface Wan {
  readonly port: number;
  traffic(): WanTraffic;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Starts a TCP proxy on 127.0.0.1 to a `port` of 127.0.0.1 that is as slow as a wide area network: it adds latency to
 * connecting and to all data, and limits the rate in each direction. It loses nothing and has no slow start.
 */
export async function startWan(port: number, { rttMs, mbitPerSecond }: WanLink): Promise<Wan> {
  const [upLane, downLane] = [new Lane(mbitPerSecond, rttMs / 2), new Lane(mbitPerSecond, rttMs / 2)];
  const lines: { readonly up: DelayLine; readonly down: DelayLine }[] = [];
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };

  const serve = async (near: Socket): Promise<void> => {
    track(near);
    const line = { up: new DelayLine(upLane), down: new DelayLine(downLane) };
    lines.push(line);
    // The kernel accepts at once; over a network the first byte cannot be sent before the handshake is done.
    await sleep(rttMs);
    const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    track(far);
    try {
      await Promise.all([pipeline(near, line.up, far), pipeline(far, line.down, near)]);
    } catch {
      // A side that fails ends the other side too, and the user of that side sees the error there.
    }
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => void serve(near));
  const ownPort = await listen(server);
  const sum = (count: (line: (typeof lines)[number]) => number) =>
    lines.reduce((total, line) => total + count(line), 0);
  return {
    port: ownPort,
    traffic: () => ({
      bytesUp: sum(({ up }) => up.bytes),
      bytesDown: sum(({ down }) => down.bytes),
      connections: lines.length,
    }),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
