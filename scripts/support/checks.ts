import { wrongDocsLines } from "./docs-lines.ts";
import { type AuditOutcome, npmAudit } from "./npm-audit.ts";
import { makeClientTypes } from "./client-package.ts";
import { FORMATTED } from "./formatted.ts";
import { wrongRooms } from "./rooms.ts";
import { wrongScripts } from "./shell-files.ts";
import { runTool } from "./tools.ts";

type Tool = readonly [tool: string, ...args: string[]];

/** A tool that fails with a status, or a function that returns the problems ("" for none) or why it was skipped. */
interface Check {
  readonly name: string;
  readonly command: Tool | (() => Promise<string | AuditOutcome>);
}

const CHECKS: readonly Check[] = [
  { name: "rooms: imports run down, none in a circle", command: wrongRooms },
  { name: "shell and Perl files", command: wrongScripts },
  { name: "npm audit: no package with a known vulnerability of level high", command: npmAudit },
  { name: "length of lines in the docs", command: wrongDocsLines },
  {
    name: "types of the Worker's bindings",
    // Without .dev.vars, which has a developer's own settings.
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
  { name: "typecheck client", command: ["tsc", "-p", "client/tsconfig.json"] },
  { name: "typecheck workerd tests", command: ["tsc", "-p", "tsconfig.workerd.json"] },
  { name: "lint", command: ["oxlint", "--type-aware"] },
  { name: "format", command: ["oxfmt", "--check", ...FORMATTED] },
  { name: "unused files, exports and dependencies", command: ["knip"] },
];

/** Enough to use a small machine; more checks at once would only delay each line. */
const CONCURRENCY = 2;

/**
 * Runs every static check; prints one line for each, and the output of those that fail.
 * @returns the numbers of passed and failed checks; a skipped check counts in neither
 */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  // The client's types are not in the repository, and are checked with the files that import them.
  await makeClientTypes();
  const waiting = CHECKS.values();
  const count = { passed: 0, failed: 0, skipped: 0 };
  const worker = async () => {
    for (const check of waiting) count[await runCheck(check)] += 1;
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { passed: count.passed, failed: count.failed };
}

const WORDS = { passed: "ok    ", failed: "FAILED", skipped: "skip  " };

async function runCheck(check: Check): Promise<keyof typeof WORDS> {
  const startedAt = performance.now();
  const { end, output } = await outcomeOf(check.command);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const why = end === "skipped" ? `: skipped, ${output}` : "";
  console.log(`${WORDS[end]} ${seconds.padStart(5)} s  ${check.name}${why}`);
  if (end === "failed") console.log(`${output.trim()}\n`);
  return end;
}

async function outcomeOf(command: Check["command"]): Promise<{ end: keyof typeof WORDS; output: string }> {
  if (typeof command === "function") {
    const found = await command();
    if (typeof found === "object" && "skipped" in found) return { end: "skipped", output: found.skipped };
    const wrong = typeof found === "object" ? found.wrong : found;
    return { end: wrong === "" ? "passed" : "failed", output: wrong };
  }
  const [tool, ...args] = command;
  const { ok, output } = await runTool(tool, args);
  return { end: ok ? "passed" : "failed", output: `$ ${command.join(" ")}\n${output}` };
}
