import { describe, expect, test } from "vitest";
import { Random } from "../../scripts/sample-remote/source-text.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { remoteGit } from "../../test/support/worker.ts";
import { createClient, type RunEvent } from "../src/index.ts";
import { sceneOfFile } from "./scene.ts";

const scene = sceneOfFile();

const clone = (task_id: string) => ({ op: "clone", repo_url: scene().repo_url, agent_id: "runs", task_id }) as const;
const edit = (path: string) => ({ op: "edit", files: [{ path, content: "x\n" }] }) as const;

async function collected(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const all = [];
  for await (const event of events) all.push(event);
  return all;
}

test("a run is started, waited for and listed", async () => {
  const { client, stack } = scene();
  const steps = [clone("start"), edit("a.txt"), { op: "push", message: "a" }] as const;
  const { run } = await client.runs.start({ steps });
  expect(await client.runs.wait(run)).toMatchObject({ run, status: "done", steps_done: 3 });
  expect(await client.runs.get(run)).toMatchObject({ steps: [{}, {}, { result: { pushed: true } }] });
  const { runs } = await client.runs.list({ status: "done", limit: 1 });
  expect(runs.map((each) => each.run)).toEqual([run]);
  expect(remoteGit(stack, "small", "log", "-1", "--format=%s", "agent/runs/start")).toBe("a");
});

test("a run is started once, also if the answer is lost", async () => {
  const { client, proxy } = scene();
  proxy.faults.push({ cutAfterBytes: 0 }, { cutAfterBytes: 10 });
  const { run } = await client.runs.start({ steps: [clone("once")] });
  await client.runs.wait(run);
  const { runs } = await client.runs.list({ limit: 100 });
  expect(proxy.seen.filter(({ method }) => method === "POST")).toHaveLength(3);
  expect(runs.filter(({ ops }) => ops.length === 1).map((each) => each.run)).toEqual([run]);
});

test("a run for each item answers the steps of an item", async () => {
  const { client } = scene();
  const steps = [{ ...clone("$item.task"), agent_id: "runs" }, edit("a.txt")] as const;
  const { run } = await client.runs.start({ steps, for_each: [{ task: "one" }, { task: "two" }] });
  expect(await client.runs.wait(run)).toMatchObject({ status: "done", items: { total: 2, done: 2 } });
  const { values, steps: told } = await client.runs.item(run, 2);
  expect([values, told.map(({ status }) => status)]).toEqual([{ task: "two" }, ["done", "done"]]);
});

test("a failed run goes on, and a canceled one has ended", async () => {
  const { client, stack } = scene();
  const { run } = await client.runs.start({ steps: [clone("fails"), { op: "read", path: "none" }] });
  expect((await client.runs.wait(run)).status).toBe("failed");
  await client.runs.retry(run);
  expect(await client.runs.wait(run)).toMatchObject({ status: "failed", steps: [{ tries: 1 }, {}] });
  await expect(client.runs.get("none")).rejects.toMatchObject({ code: "not_found" });

  stack.host.faults.set({ latencyMs: { sandbox: 500 } });
  const long = await client.runs.start({
    steps: [clone("canceled"), ...Array.from({ length: 9 }, () => edit("b.txt"))],
    at_once: 1,
  });
  await client.runs.cancel(long.run);
  stack.host.faults.reset();
  expect((await client.runs.wait(long.run)).status).toBe("canceled");
});

/** Fewer by day, more at night. */
const CUTS = process.env["NIGHTLY"] ? 2000 : 100;
const CUTS_TIMEOUT_MS = CUTS * 1_000;

describe("events", () => {
  test("come as they happen, each once, and end with the run", async () => {
    const { client } = scene();
    const { run } = await client.runs.start({ steps: [clone("events"), edit("c.txt"), { op: "status" }] });
    const events = await collected(client.runs.events(run));
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
    expect(events.at(-1)).toMatchObject({ type: "run", status: "done" });
    expect(await collected(client.runs.events(run, { after: 3 }))).toEqual(events.slice(3));
    expect(await collected(client.runs.events(run, { after: events.length }))).toEqual([]);
  });

  test(
    `are neither lost nor doubled where connections are cut ${CUTS} times`,
    { timeout: CUTS_TIMEOUT_MS },
    async () => {
      const { client, proxy } = scene();
      const names = Array.from({ length: 15 }, (_, at) => ({ task: `cut-${at}` }));
      const steps = [
        { ...clone("$item.task"), agent_id: "runs" },
        edit("d.txt"),
        { op: "status" },
        { op: "diff" },
      ] as const;
      const { run } = await client.runs.start({ steps, for_each: names, at_once: 4 });
      const random = new Random(1);
      const cuts: string[] = [];
      proxy.onEach = ({ url }) => {
        if (!url.includes("/events")) return undefined;
        cuts.push(url);
        return random.below(10) === 0 ? { unsent: true } : { cutAfterBytes: random.below(4000) };
      };
      const patient = createClient({ url: proxy.url, key: DEV_KEY, retries: 20 });
      const readings: RunEvent[][] = [];
      // The first reading takes place during the run.
      while (cuts.length < CUTS) readings.push(await collected(patient.runs.events(run)));
      proxy.onEach = () => undefined;
      const { events, ended } = await client.raw("GET /v1/runs/{run}/events", { path: { run }, query: { after: 0 } });
      expect(ended).toBe(true);
      expect(events.length).toBeGreaterThan(100);
      for (const reading of readings) expect(reading).toEqual(events);
    },
  );

  test("stop where their reader stops, and leave no connection", async () => {
    const { client, proxy, stack } = scene();
    stack.host.faults.set({ latencyMs: { sandbox: 300 } });
    const { run } = await client.runs.start({
      steps: [clone("stops"), ...Array.from({ length: 9 }, () => edit("e.txt"))],
    });
    for await (const { type } of client.runs.events(run)) if (type === "step") break;
    const stop = new AbortController();
    const reading = collected(client.runs.events(run, { signal: stop.signal, after: 1000 }));
    await expect.poll(() => proxy.seen.filter(({ url }) => url.endsWith("after=1000")).length).toBe(1);
    stop.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    stack.host.faults.reset();
    expect((await client.runs.wait(run)).status).toBe("done");
  });

  test("of no run are a problem", async () => {
    const { client } = scene();
    await expect(collected(client.runs.events("none"))).rejects.toMatchObject({ code: "not_found" });
  });
});
