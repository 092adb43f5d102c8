import { readArguments } from "../support/arguments.ts";
import * as z from "zod/v4";
import { type Machinery, startMachinery } from "./mcp/machinery.ts";
import { atOnce, type Call, inTurn, rounded, Subject } from "./mcp/measure.ts";
import { callsOf, closeConnections, GIT, mcpToolsList, rawGit, startLeanGit } from "./mcp/subjects.ts";

const USAGE = `npm run bench:mcp -- [--rounds <n>] [--json]

What an operation costs over HTTP and MCP beside git itself: status, diff and log of a repository of 50 files
and of one of 2,800, each with four changes, through /v1 and /mcp of the bundled Worker in bare workerd, and as
a git process in a plain clone; and tools/list. One caller takes them in turn, then 8 call at once. Prints
p50, p95 and p99, ratios to git, and workerd's CPU time. Exit code 1 when status takes more than 1.3 times
git's p50 at 50 files or 1.0 times at 2,800, or tools/list takes 5 ms or more.

Git is started by this process, which is as large as a small agent (rss_mb), and, for comparison, by one that
does nothing else: starting a process costs more the more memory the one that starts it has.

  --rounds <n>   calls of each by one caller, and by 8 together (default: 300)
  --json         {tokens: {o200k, cl100k}, ops: {status: {raw_p50_ms, http_p50_ms, ratio, cpu_ms_per_call, …}}, rss_mb}`;

const SIZES = [50, 2_800] as const;
const CALLERS = 8;
const MAX_STATUS_RATIO = { 50: 1.3, 2_800: 1 } as const;
const MAX_TOOLS_LIST_MS = 5;

type Numbers = Record<string, number>;

const { values } = readArguments(USAGE, {
  options: {
    help: { type: "boolean", short: "h" },
    rounds: { type: "string", default: "300" },
    json: { type: "boolean" },
  },
});
if (values.help) console.log(USAGE);
else process.exitCode = await bench(z.coerce.number().int().min(20).parse(values.rounds), values.json === true);

async function bench(rounds: number, json: boolean): Promise<number> {
  const leanGit = startLeanGit();
  const machinery = await startMachinery();
  try {
    const say = (text: string) => {
      if (!json) console.log(text);
    };
    const ops: Record<string, Numbers> = {};
    for (const files of SIZES) {
      const { sandbox_id, tree } = await machinery.prepare(files);
      for (const operation of ["status", "diff", "log"] as const) {
        const name = files === SIZES[0] ? operation : `${operation}_${files}`;
        const calls: Calls = {
          raw: rawGit(tree, GIT[operation]),
          lean: leanGit.call(tree, GIT[operation]),
          ...callsOf(machinery.url, operation, sandbox_id),
        };
        say(heading(`${operation}, ${files} files`));
        ops[name] = await compared(machinery, calls, rounds, say);
      }
    }
    const rss = process.memoryUsage.rss();
    ops["tools_list"] = await toolsList(machinery, rounds, say);
    const tokens = await countTokens();
    const rss_mb = Math.round(rss / 1e6);
    if (json) console.log(JSON.stringify({ tokens, ops, rss_mb }));
    else {
      console.log(`tool list: ${tokens.o200k} tokens (o200k_base), ${tokens.cl100k} (cl100k_base)`);
      console.log(`git was started by a process of ${rss_mb} MB`);
    }
    return met(ops) ? 0 : 1;
  } finally {
    closeConnections();
    leanGit.close();
    await machinery.close();
  }
}

/** Loads the encodings only after the measurements: their tables take much memory. */
async function countTokens(): Promise<{ o200k: number; cl100k: number }> {
  const [{ TOOLS }, o200k, cl100k] = await Promise.all([
    import("../../src/mcp/tools.ts"),
    import("gpt-tokenizer/encoding/o200k_base"),
    import("gpt-tokenizer/encoding/cl100k_base"),
  ]);
  const list = JSON.stringify(TOOLS.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));
  return { o200k: o200k.countTokens(list), cl100k: cl100k.countTokens(list) };
}

interface Calls {
  readonly raw: Call;
  readonly lean: Call;
  readonly http: Call;
  readonly mcp: Call;
}

function heading(title: string): string {
  return `${title.padEnd(20)}     p50 ms   p95 ms   p99 ms  x raw | ${CALLERS} callers: p50 ms  calls/s  x raw  cpu ms/call`;
}

async function compared(
  { workerPid }: Machinery,
  calls: Calls,
  rounds: number,
  say: (text: string) => void,
): Promise<Numbers> {
  const raw = new Subject("git", calls.raw);
  const lean = new Subject("git, small parent", calls.lean);
  const http = new Subject("/v1", calls.http);
  const mcp = new Subject("/mcp", calls.mcp);
  await inTurn([raw, lean, http, mcp], rounds);
  await atOnce([raw, lean, http, mcp], CALLERS, rounds, workerPid);
  for (const subject of [raw, lean, http, mcp]) say(line(subject, raw));
  const slower = (subject: Subject) => rounded(subject.alone().p50_ms / raw.alone().p50_ms);
  const faster = (subject: Subject) => rounded(subject.busy().calls_per_s / raw.busy().calls_per_s);
  return {
    raw_p50_ms: raw.alone().p50_ms,
    raw_lean_p50_ms: lean.alone().p50_ms,
    http_p50_ms: http.alone().p50_ms,
    ratio: slower(http),
    cpu_ms_per_call: http.busy().cpu_ms_per_call,
    http_p95_ms: http.alone().p95_ms,
    http_p99_ms: http.alone().p99_ms,
    http_throughput_ratio: faster(http),
    mcp_p50_ms: mcp.alone().p50_ms,
    mcp_p95_ms: mcp.alone().p95_ms,
    mcp_p99_ms: mcp.alone().p99_ms,
    mcp_ratio: slower(mcp),
    mcp_cpu_ms_per_call: mcp.busy().cpu_ms_per_call,
    mcp_throughput_ratio: faster(mcp),
  };
}

function line(subject: Subject, raw: Subject): string {
  const { p50_ms, p95_ms, p99_ms } = subject.alone();
  const busy = subject.busy();
  const cells = [p50_ms, p95_ms, p99_ms, p50_ms / raw.alone().p50_ms].map((cell) => cell.toFixed(2).padStart(9));
  const faster = busy.calls_per_s / raw.busy().calls_per_s;
  const busyCells = [busy.p50_ms, busy.calls_per_s, faster, busy.cpu_ms_per_call];
  return `  ${subject.name.padEnd(18)} ${cells.join("")} | ${busyCells.map((cell) => cell.toFixed(2).padStart(10)).join(" ")}`;
}

async function toolsList({ url, workerPid }: Machinery, rounds: number, say: (text: string) => void): Promise<Numbers> {
  const list = new Subject("tools/list", mcpToolsList(url));
  await inTurn([list], rounds);
  await atOnce([list], CALLERS, rounds, workerPid);
  const { p50_ms, p95_ms, p99_ms } = list.alone();
  const { cpu_ms_per_call } = list.busy();
  say(`tools/list: p50 ${p50_ms} ms, p95 ${p95_ms} ms, p99 ${p99_ms} ms; ${cpu_ms_per_call} ms of CPU a call`);
  return { http_p50_ms: p50_ms, http_p95_ms: p95_ms, http_p99_ms: p99_ms, cpu_ms_per_call };
}

function met(ops: Readonly<Record<string, Numbers>>): boolean {
  const small = ops["status"]?.["ratio"] ?? Infinity;
  const large = ops["status_2800"]?.["ratio"] ?? Infinity;
  const list = ops["tools_list"]?.["http_p50_ms"] ?? Infinity;
  return small <= MAX_STATUS_RATIO[50] && large <= MAX_STATUS_RATIO[2_800] && list < MAX_TOOLS_LIST_MS;
}
