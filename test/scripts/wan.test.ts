import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../scripts/support/listen.ts";
import { Lane } from "../../scripts/harness/wan/lane.ts";
import { measureWan } from "../../scripts/harness/wan/measure.ts";
import { startWan } from "../../scripts/harness/wan/proxy.ts";
import type { WanLink } from "../../scripts/harness/wan/proxy.ts";

const LINK: WanLink = { rttMs: 20, mbitPerSecond: 400 };

/** Makes a link to a server that treats every connection with `serve`. */
async function linkTo(serve: (socket: Socket) => void, link: WanLink = LINK) {
  const server = createServer({ allowHalfOpen: true }, serve);
  const wan = await startWan(await listen(server), link);
  onTestFinished(async () => {
    await wan.close();
    server.close();
  });
  return { wan, open: () => connect({ port: wan.port, host: "127.0.0.1", allowHalfOpen: true }) };
}

test("a lane sends one thing after the other at its rate, and each arrives after the delay", () => {
  const lane = new Lane(8, 25);
  expect(lane.send(1000, 100)).toBe(126);
  expect(lane.send(1000, 100)).toBe(127);
  expect(lane.send(0, 101)).toBe(127);
  expect(lane.send(1000, 200)).toBe(226);
});

test("bytes arrive whole and in order, both ways at once, and are counted", async () => {
  const { wan, open } = await linkTo((socket) => socket.pipe(socket));
  const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * index) % 251));
  const socket = open();
  socket.end(sent);
  expect(sent.equals(await buffer(socket))).toBe(true);
  expect(wan.traffic()).toEqual({ bytesUp: sent.length, bytesDown: sent.length, connections: 1 });
});

test("a server may end its side first, and one that breaks off ends the client", async () => {
  const ending = await linkTo((socket) => socket.end("all there is"));
  const socket = ending.open();
  expect((await buffer(socket)).toString()).toBe("all there is");
  socket.end();
  const breaking = await linkTo((far) => far.resetAndDestroy());
  await once(breaking.open().resume(), "end");
});

test("is never faster than it says, and a new connection costs a round trip more", async () => {
  const { rtt_ms, first_answer_ms, up_mbit_s, down_mbit_s } = await measureWan(LINK);
  expect(rtt_ms).toBeGreaterThanOrEqual(LINK.rttMs);
  expect(first_answer_ms).toBeGreaterThanOrEqual(2 * LINK.rttMs);
  expect(up_mbit_s).toBeLessThanOrEqual(LINK.mbitPerSecond * 1.05);
  expect(down_mbit_s).toBeLessThanOrEqual(LINK.mbitPerSecond * 1.05);
});
