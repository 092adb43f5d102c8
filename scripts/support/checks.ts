import { wrongDocsLines } from "./docs-lines.ts";
import { wrongRooms } from "./rooms.ts";
import { wrongScripts } from "./shell-files.ts";
import { runTool } from "./tools.ts";

type Tool = readonly [tool: string, ...args: string[]];

/** A tool that fails with a status, or a function that says what is wrong: "" for nothing. */
interface Check {
  readonly name: string;
  readonly command: Tool | (() => Promise<string>);
}

const CHECKS: readonly Check[] = [
  { name: "rooms: imports run down, none in a circle", command: wrongRooms },
  { name: "shell and Perl files", command: wrongScripts },
  { name: "length of lines in the docs", command: wrongDocsLines },
  {
    name: "types of the Worker's bindings",
    // Without .dev.vars, somebody's own settings.
    command: [
      "wrangler",
      "types",
      "--check",
      "--env-file=/dev/null",
      "--include-runtime=false",
      "--env-interface",
      "Env",
      "src/env.d.ts",
    ],
  },
  { name: "typecheck src", command: ["tsc", "-p", "tsconfig.json"] },
  { name: "typecheck dashboard", command: ["tsc", "-p", "src/dashboard/tsconfig.json"] },
  { name: "typecheck scripts and test", command: ["tsc", "-p", "tsconfig.node.json"] },
  { name: "typecheck local-e2b", command: ["tsc", "-p", "scripts/local-e2b/tsconfig.json"] },
  { name: "typecheck workerd tests", command: ["tsc", "-p", "tsconfig.workerd.json"] },
  { name: "lint", command: ["oxlint", "--type-aware"] },
  { name: "format", command: ["oxfmt", "--check", "src", "test", "scripts"] },
  { name: "unused files, exports and dependencies", command: ["knip"] },
];

/** Enough to use a small machine; more would only make each line later. */
const CONCURRENCY = 2;

/**
 * Runs every static check, prints one line each and the output of those that fail.
 * @returns how many passed and failed
 */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const waiting = CHECKS.values();
  let failed = 0;
  const worker = async () => {
    for (const check of waiting) if (!(await runCheck(check))) failed += 1;
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { passed: CHECKS.length - failed, failed };
}

async function runCheck(check: Check): Promise<boolean> {
  const startedAt = performance.now();
  const { ok, output } = await outcomeOf(check.command);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${ok ? "ok    " : "FAILED"} ${seconds.padStart(5)} s  ${check.name}`);
  if (!ok) console.log(`${output.trim()}\n`);
  return ok;
}

async function outcomeOf(command: Check["command"]): Promise<{ ok: boolean; output: string }> {
  if (typeof command === "function") {
    const wrong = await command();
    return { ok: wrong === "", output: wrong };
  }
  const [tool, ...args] = command;
  const { ok, output } = await runTool(tool, args);
  return { ok, output: `$ ${command.join(" ")}\n${output}` };
}
