import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import * as z from "zod/v4";
import { listen } from "../../scripts/support/listen.ts";
import { ROOT } from "../../scripts/support/tools.ts";
import { frameOf, newestLines, workspaceLines } from "../../scripts/top/frame.ts";
import { line, rendered } from "../../scripts/top/line.ts";
import { live } from "../../scripts/top/live.ts";
import { readTopOptions } from "../../scripts/top/options.ts";
import { spark } from "../../scripts/top/table.ts";
import { overviewOf } from "../../src/metrics/overview.ts";
import { rangeOf } from "../../src/metrics/overview-points.ts";
import { type Overview, overviewSchema } from "../../src/metrics/overview-schema.ts";
import { bucketOf, seriesOf } from "../../src/metrics/series.ts";
import type { Workspace } from "../../src/dashboard/types.ts";

const NOW = Date.UTC(2026, 5, 15, 18, 0, 2);

/** Returns forty pushes of 0.2 s and two failures in the piece before the current one. */
function overview(minutes: 5 | 15 | 60 = 5): Overview {
  const labels = { operation: "push" } as const;
  const counts = new Map([
    [seriesOf("git_operations_total", { ...labels, status: "success" }), 40],
    [seriesOf("git_operations_total", { ...labels, status: "failure" }), 2],
    [seriesOf("warmtree_failures_total", { ...labels, side: "caller" }), 2],
    [seriesOf("warmtree_claims_total", { source: "live" }), 30],
    [seriesOf("warmtree_claims_total", { source: "cold" }), 10],
    [bucketOf("git_operation_duration_seconds", labels, 0.2), 40],
  ]);
  const newest = [
    { at: NOW, operation: "push", tenant: "acme", seconds: 0.2, source: "live" as const, sandboxId: "s0-x" },
    { at: NOW - 1000, operation: "clone", tenant: "other", seconds: 1.5, code: "host_not_allowed" as const },
  ];
  const history = { slots: [{ at: NOW - 7000, counts }] };
  const look = { counts: new Map(), exemplars: new Map(), samples: [], history, newest };
  return overviewSchema.parse(overviewOf([look], rangeOf(minutes, NOW), 20, NOW));
}
const WORKSPACE: Workspace = {
  sandbox_id: "s0-x",
  repository: "github.com/o/r",
  agent_id: "ada",
  task_id: "t",
  tenant: "acme",
  state: "paused",
  tier: "cold",
  unpushed: true,
  created_at: new Date(NOW - 86_400_000).toISOString(),
  last_used_at: new Date(NOW - 7_200_000).toISOString(),
};

const plain = (lines: Parameters<typeof rendered>[0][]) => lines.map((each) => rendered(each, Infinity, false));

describe("the frame", () => {
  test("tells what the API tells", () => {
    const text = plain([...frameOf(overview(), 100), ...newestLines(overview()), ...workspaceLines([WORKSPACE], NOW)]);
    expect(text).toEqual(
      expect.arrayContaining([
        "hit rate    75%  live 30  paused 0  snapshot 0  pool 0  cold 10",
        expect.stringMatching(/^operations {2}41 a minute, 42 in 5 min$/),
        expect.stringMatching(/^take {8}243 ms p95 {2}175 ms p50 {2}249 ms p99$/),
        "failed      2 in 5 min  caller 2  git host 0  service 0",
        expect.stringMatching(/^a minute .*█ {2}at most 504$/),
        "push              40       2  175 ms  243 ms  249 ms",
        expect.stringMatching(/^..:..:.. {2}push {7}ok {16}200 ms {2}live {5}acme$/),
        expect.stringMatching(/^..:..:.. {2}clone {6}host_not_allowed {3}1\.5 s {2}– {8}other$/),
        "github.com/o/r  ada / t       paused  unpushed  2 h ago    –     acme",
      ]),
    );
  });

  test("says so where there is nothing", () => {
    const quiet = overviewSchema.parse(overviewOf([], rangeOf(5, NOW), 20, NOW));
    const text = plain([...frameOf(quiet, 100), ...newestLines(quiet), ...workspaceLines([], NOW)]).join("\n");
    expect(text).toContain("hit rate    –");
    expect(text).toContain("none yet");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("lines are cut to the terminal, whatever their colours, and have none where nobody wants them", () => {
    const long = line(["bold", "12345"], "67890", ["bad", "abcde"]);
    expect(rendered(long, 7, false)).toBe("1234567");
    expect(rendered(long, 12, true)).toBe("\u001b[1m12345\u001b[0m67890\u001b[31mab\u001b[0m");
  });

  test("shapes have a character for each of the newest values", () => {
    expect(spark([9, 0, 1, null, 4, 8], 5)).toBe(" ▁ ▄█");
    expect(spark([0, null], 5)).toBe("  ");
  });
});

test.each([
  [["--minutes", "7"], "--minutes is one of 5, 15, 60"],
  [["--url", "warmtree"], "--url is an address"],
  [["--frob"], "Unknown option"],
])("%j is refused in one line", (args, message) => {
  expect(() => readTopOptions(args, {})).toThrow(message);
});

describe("on a terminal", () => {
  let written: string;
  let press: (key: string) => void;
  let raw: boolean;
  let asked: number[];
  let answer: (minutes: 5 | 15 | 60) => Promise<Overview>;
  let listed: number;

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
    written = "";
    raw = false;
    asked = [];
    listed = 0;
    answer = (minutes) => Promise.resolve(overview(minutes));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const out = { columns: 100, rows: 40, write: (text: string) => (written += text), on: () => {} };
  const input = {
    isTTY: true,
    setRawMode: (isRaw: boolean) => (raw = isRaw),
    setEncoding: () => {},
    on: (_event: "data", listener: (key: string) => void) => (press = listener),
    pause: () => {},
  };
  const client = {
    overview: (minutes: 5 | 15 | 60) => {
      asked.push(minutes);
      return answer(minutes);
    },
    workspaces: () => {
      listed += 1;
      return Promise.resolve([WORKSPACE]);
    },
  };
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  /** Returns the text on the screen. */
  // oxlint-disable-next-line no-control-regex -- removes the terminal's escape sequences
  const screen = () => (written.split("\u001b[H").at(-1) ?? "").replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, "");

  test("shows what is going on, hears keys, and gives the screen back", async () => {
    const done = live(client, 5, out, input);
    await pass(0);
    expect([raw, written.startsWith("\u001b[?1049h")]).toEqual([true, true]);
    expect(screen()).toContain("42 in 5 min");
    press("3");
    await pass(0);
    expect(screen()).toContain("42 in 1 h");
    expect(screen()).toContain("host_not_allowed");
    press("\u001b[A");
    press("w");
    await pass(0);
    expect(screen()).toContain("ada / t");
    await pass(9000);
    expect([listed, asked.length > 5]).toEqual([1, true]);
    press("q");
    await done;
    const before = asked.length;
    await pass(60_000);
    expect([raw, asked.length - before, written.endsWith("\u001b[?25h\u001b[?1049l")]).toEqual([false, 0, true]);
  });

  test("keeps what it had while there is no answer, and says why", async () => {
    const done = live(client, 5, out, input);
    await pass(0);
    answer = () => Promise.reject(new Error("http://127.0.0.1:1 does not answer"));
    await pass(2000);
    expect(screen()).toMatch(/disconnected[^]*127\.0\.0\.1:1 does not answer[^]*42 in 5 min/);
    answer = (minutes) => Promise.resolve(overview(minutes));
    await pass(4000);
    expect(screen()).not.toContain("disconnected");
    press("\u0003");
    await done;
  });

  test("is left alone when there is no first answer", async () => {
    answer = () => Promise.reject(new Error("http://127.0.0.1:1 answers 401"));
    await expect(live(client, 5, out, input)).rejects.toThrow("401");
    expect(written).toBe("");
  });
});

describe("the command, where there is no terminal", () => {
  const KEY = "the-operator-key-of-this-test";

  async function serve(): Promise<string> {
    const server = createServer(({ headers, url }, response) => {
      const isKnown = headers.authorization === `Bearer ${KEY}`;
      response.statusCode = isKnown ? 200 : 401;
      const minutes = url?.endsWith("minutes=15") ? 15 : 5;
      response.end(JSON.stringify(isKnown ? overview(minutes) : { detail: "The key is not this service's." }));
    });
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${await listen(server)}/`;
  }

  async function top(args: string[], key = KEY) {
    const env = { ...process.env, OPERATOR_KEY: key };
    const run = promisify(execFile)(process.execPath, [join(ROOT, "scripts", "top.ts"), ...args], { env });
    const { stdout, stderr } = await run.catch((error: unknown) =>
      z.object({ stdout: z.string(), stderr: z.string() }).parse(error),
    );
    return { stdout, stderr, code: run.child.exitCode };
  }

  test("prints once and ends, as text or as JSON; fails in one line", async () => {
    const url = await serve();
    const text = await top(["--url", url]);
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining("42 in 5 min"), stderr: "" });
    expect(text.stdout).not.toContain("\u001b");
    const json = await top(["--url", url, "--once", "--json", "--minutes", "15"]);
    expect(JSON.parse(json.stdout)).toEqual(overview(15));
    const wrong = await top(["--url", url], "another-key-than-the-one");
    expect(wrong).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^[^\n]*answers 401: The key is not[^\n]*\n$/),
    });
  });
});
