import { Sandbox, type SandboxInfo } from "e2b";
import { beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/v4";
import { json, useHost } from "./support.ts";

const test = useHost();
const made: string[] = [];

beforeAll(async () => {
  for (let index = 0; index < 5; index++) {
    const metadata = { index: String(index), "odd key&=": "b c/ü%", parity: index % 2 === 0 ? "even" : "odd" };
    made.push((await test.create({ metadata })).sandboxId);
  }
  await Sandbox.pause(made[4] ?? "", test.connection);
});

async function all(options: Parameters<typeof Sandbox.list>[0]): Promise<SandboxInfo[][]> {
  const pages: SandboxInfo[][] = [];
  const paginator = Sandbox.list({ ...test.connection, ...options });
  while (paginator.hasNext) pages.push(await paginator.nextItems());
  return pages;
}

const ids = (pages: SandboxInfo[][]): string[] => pages.flat().map(({ sandboxId }) => sandboxId);

describe("listing", () => {
  it("goes through pages, newest first, without a gap or a repetition", async () => {
    const pages = await all({ limit: 2 });
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(ids(pages)).toEqual(made.toReversed());
    expect(ids(await all({ limit: 2, order: "asc" }))).toEqual(made);
  });

  it("filters by metadata, however it has to be encoded", async () => {
    expect(ids(await all({ query: { metadata: { parity: "odd" } } }))).toEqual([made[3], made[1]]);
    expect(ids(await all({ query: { metadata: { "odd key&=": "b c/ü%", index: "2" } } }))).toEqual([made[2]]);
    expect(await all({ query: { metadata: { "odd key&=": "b+c/ü%" } } })).toEqual([[]]);
  });

  it("filters by state", async () => {
    expect(ids(await all({ query: { state: ["paused"] } }))).toEqual([made[4]]);
    expect(ids(await all({ query: { state: ["running"] } }))).not.toContain(made[4]);
    expect(ids(await all({ query: { state: ["running", "paused"] } }))).toHaveLength(5);
  });

  it("filters by template and start", async () => {
    expect(ids(await all({ query: { template: "base" } }))).toHaveLength(5);
    expect(ids(await all({ query: { template: "other" } }))).toEqual([]);
    expect(ids(await all({ query: { startedAfter: new Date(Date.now() + 1000) } }))).toEqual([]);
  });

  it("has a first version, of running sandboxes only", async () => {
    const response = await test.control("GET", "/sandboxes?metadata=parity%3Deven");
    const rows = await json(response, z.array(z.object({ sandboxID: z.string() })));
    expect(rows.map(({ sandboxID }) => sandboxID).sort()).toEqual([made[0] ?? "", made[2] ?? ""].sort());
  });

  it("shows a team its own sandboxes alone", async () => {
    const other = { ...test.connection, apiKey: "another-key" };
    expect(await Sandbox.list(other).nextItems()).toEqual([]);
    expect(await Sandbox.kill(made[0] ?? "", other)).toBe(false);
  });
});
