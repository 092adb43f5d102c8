import { readFileSync } from "node:fs";
import { type Trace, traceOf, type Use } from "./trace.ts";

/** Default size of a repository: between the median and the mean of public repositories with commits every week. */
const DEFAULT_SIZE_MB = 76;
/** A recorded trace lacks the start of a session; the plan calls a workspace idle after this long without a use. */
const SESSION_GAP_MS = 10 * 60_000;

const COLUMNS = {
  time: ["time", "t"],
  repository: ["repo", "repository", "unit"],
  agent: ["agent", "agent_id"],
  size: ["size_mb", "sizeMB"],
} as const;

/**
 * Reads a trace from CSV with a header: `time` (seconds, Unix or from any beginning; also `t`), `repo` (also `unit`),
 * `agent`, `size_mb` (also `sizeMB`). Only the time is required: without a repository each line is a new agent with a
 * repository of its own. Fields are not quoted. Throws an Error that names the line.
 */
export function readTrace(file: string): Trace {
  const lines = readFileSync(file, "utf8").split(/\r?\n/);
  const header = (lines[0] ?? "").split(",").map((name) => name.trim());
  const indexOf = (names: readonly string[]): number => header.findIndex((name) => names.includes(name));
  const timeAt = indexOf(COLUMNS.time);
  const repositoryAt = indexOf(COLUMNS.repository);
  const agentAt = indexOf(COLUMNS.agent);
  const sizeAt = indexOf(COLUMNS.size);
  if (timeAt === -1) throw new Error(`${file}, line 1: no column "time". The header is time,repo,agent`);

  const repositories = new Map<string, number>();
  const workspaces = new Map<string, number>();
  const repositoryOf: number[] = [];
  const sizesMb: number[] = [];
  const rows: { at: number; workspace: number }[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const fields = line.split(",").map((field) => field.trim());
    const seconds = numberIn(fields[timeAt], `${file}, line ${index + 1}: the time`);
    const name = repositoryAt === -1 ? `line ${index}` : (fields[repositoryAt] ?? "");
    const repository = place(repositories, name);
    if (repository === sizesMb.length) {
      sizesMb.push(sizeAt === -1 ? DEFAULT_SIZE_MB : numberIn(fields[sizeAt], `${file}, line ${index + 1}: the size`));
    }
    const workspace = place(workspaces, `${repository},${fields[agentAt] ?? ""}`);
    repositoryOf[workspace] = repository;
    rows.push({ at: Math.round(seconds * 1000), workspace });
  }
  if (rows.length === 0) throw new Error(`${file}: no lines below the header`);
  return recorded(file, rows, repositoryOf, sizesMb);
}

function recorded(
  name: string,
  rows: { at: number; workspace: number }[],
  repositoryOf: readonly number[],
  sizesMb: readonly number[],
): Trace {
  rows.sort((a, b) => a.at - b.at);
  const start = rows[0]?.at ?? 0;
  const lastUse = new Map<number, number>();
  const uses: Use[] = rows.map(({ at, workspace }) => {
    const last = lastUse.get(workspace);
    lastUse.set(workspace, at);
    const opens = last === undefined || at - last > SESSION_GAP_MS;
    return { at: at - start, workspace, opens, ends: false };
  });
  const lengthMs = (rows.at(-1)?.at ?? 0) - start;
  if (lengthMs === 0) throw new Error(`${name}: all lines are of one moment; costs need a span of time`);
  return traceOf({ name, lengthMs, uses, knowsEnds: false, repositoryOf, sizesMb });
}

function numberIn(field: string | undefined, what: string): number {
  const value = Number(field);
  if (field === undefined || field === "" || !Number.isFinite(value) || value < 0) {
    throw new Error(`${what} is not a number: ${JSON.stringify(field ?? "")}`);
  }
  return value;
}

function place(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  places.set(name, places.size);
  return places.size - 1;
}
