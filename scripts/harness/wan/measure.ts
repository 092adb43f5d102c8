import { createServer } from "node:http";
import { listen } from "../../support/listen.ts";
import { startWan } from "./proxy.ts";
import type { WanLink } from "./proxy.ts";

const PINGS = 5;
const PROBE_BYTES = 10_000_000;

/** A link's measured properties, as an HTTP client sees them. */
export interface MeasuredLink {
  readonly rtt_ms: number;
  /** Time to the first answer on a new connection. */
  readonly first_answer_ms: number;
  readonly up_mbit_s: number;
  readonly down_mbit_s: number;
}

/** Measures a link of this kind, with an HTTP server of its own at the far end. */
export async function measureWan(link: WanLink): Promise<MeasuredLink> {
  const server = createServer((request, response) => {
    const isDown = request.url === "/down";
    request.resume().once("end", () => response.end(isDown ? Buffer.alloc(PROBE_BYTES) : ""));
  });
  const wan = await startWan(await listen(server), link);
  const timed = async (path: string, body?: Buffer): Promise<number> => {
    const startedAt = performance.now();
    const init = body === undefined ? {} : { method: "POST", body: new Uint8Array(body) };
    await (await fetch(`http://127.0.0.1:${wan.port}${path}`, init)).arrayBuffer();
    return performance.now() - startedAt;
  };
  try {
    const firstMs = await timed("/");
    const pings: number[] = [];
    while (pings.length < PINGS) pings.push(await timed("/"));
    const rttMs = Math.min(...pings);
    const mbitPerSecond = (ms: number) => Math.round((PROBE_BYTES * 8) / 1000 / (ms - rttMs));
    return {
      rtt_ms: Math.round(rttMs),
      first_answer_ms: Math.round(firstMs),
      up_mbit_s: mbitPerSecond(await timed("/up", Buffer.alloc(PROBE_BYTES))),
      down_mbit_s: mbitPerSecond(await timed("/down")),
    };
  } finally {
    await wan.close();
    server.closeAllConnections();
    server.close();
  }
}
