import type { Stack } from "../../scripts/harness/stack.ts";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Returns the value; undefined if the process has ended, or there is nothing to read. */
function attempt<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const read = (path: string): string => attempt(() => readFileSync(path, "latin1")) ?? "";

/**
 * Returns all data that a process of the same user could read of an operation's processes on a remote: environments,
 * command lines, and the content of open files, which may have no name. Leaves pipes alone: reading one would empty it.
 */
function readableOfOperations(remoteUrl: string): string {
  const texts: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const environment = read(`/proc/${pid}/environ`);
    if (!environment.includes(`WT_URL=${remoteUrl}`)) continue;
    texts.push(environment, read(`/proc/${pid}/cmdline`), ...openFiles(`/proc/${pid}/fd`));
  }
  return texts.join("\n");
}

function openFiles(folder: string): string[] {
  const names = attempt(() => readdirSync(folder)) ?? [];
  const files = names.filter((fd) => {
    const target = attempt(() => readlinkSync(`${folder}/${fd}`)) ?? "";
    return target.startsWith("/") && !target.startsWith("/dev/");
  });
  return files.map((fd) => read(`${folder}/${fd}`));
}

/** The lease in git's settings, or in WT_AUTH for signatures. */
const LEASE = /(?:extraHeader = "Authorization: |WT_AUTH=)Bearer (eyJ[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+)/;
/** The git host's delay, which gives time to look. */
const DELAY_MS = 100;

/**
 * Runs an operation, and reads its processes meanwhile.
 * @returns the value, the data read, and the first lease in it
 */
export async function spied<Value>(
  stack: Stack,
  operation: () => Promise<Value>,
): Promise<{ value: Value; seen: string; lease: string | undefined }> {
  stack.git.setFaults({ delayMs: DELAY_MS });
  const state = { isOver: false };
  let seen = "";
  const running = operation().finally(() => (state.isOver = true));
  // The promise is awaited below.
  running.catch(() => undefined);
  while (!state.isOver) {
    seen += readableOfOperations(stack.git.url);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stack.git.setFaults({});
  return { value: await running, seen, lease: LEASE.exec(seen)?.[1] };
}
