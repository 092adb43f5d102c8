import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/v4";
import { runTool } from "../support/tools.ts";
import type { Revision } from "./expected.ts";

const checkSchema = z.object({
  id: z.string(),
  status: z.enum(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
  errorMessage: z.string().optional(),
});

export interface Check extends z.output<typeof checkSchema> {
  readonly scenario: string;
}

const RESULT_FOLDER = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/;
/** Long tasks are an extension of the protocol, which this server does not offer. */
const EXTENSION = /^tasks-/;
const OUTPUT_KEPT = 4_000;

/** Returns the server scenarios that a revision requires. */
export async function requiredScenarios(revision: Revision): Promise<string[]> {
  const { output } = await runTool("conformance", ["list", "--requirements", revision]);
  const [, list = ""] = /^Server scenarios.*:\n((?: +- .+\n)+)/m.exec(output) ?? [];
  const names = Array.from(list.matchAll(/- (\S+)/g), ([, name = ""]) => name);
  if (names.length === 0) throw new Error(`the conformance suite lists nothing:\n${output.slice(-OUTPUT_KEPT)}`);
  return names;
}

/**
 * Runs one scenario, or all that the revision has, and returns every check. Rejects if the suite ends before it has run
 * each scenario of `expected`.
 */
export async function runSuite(
  url: string,
  revision: Revision,
  expected: readonly string[],
  scenario?: string,
): Promise<Check[]> {
  const folder = await mkdtemp(join(tmpdir(), "warmtree-conformance-"));
  try {
    const which = scenario ? ["--scenario", scenario, "--spec-version", revision] : ["--requirements", revision];
    const { output } = await runTool("conformance", ["server", "--url", url, ...which, "--output-dir", folder]);
    const checks = await readChecks(folder);
    // The exit code is ignored: it only says whether a check failed, which the caller judges.
    const missing = expected.filter((name) => !checks.some((check) => check.scenario === name));
    if (missing.length > 0) {
      throw new Error(`the conformance suite left out ${missing.join(", ")}:\n${output.slice(-OUTPUT_KEPT)}`);
    }
    return checks.filter((check) => !EXTENSION.test(check.scenario));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readChecks(folder: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of await readdir(folder)) {
    const scenario = RESULT_FOLDER.exec(name)?.[1];
    if (scenario === undefined) continue;
    const found = z.array(checkSchema).parse(JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8")));
    checks.push(...found.map((check) => ({ ...check, scenario })));
  }
  return checks;
}
