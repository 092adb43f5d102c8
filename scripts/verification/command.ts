import { Cleanups } from "../support/cleanups.ts";
import { only } from "./check.ts";
import type { Theme } from "./check.ts";
import { cleanUpOnSignal } from "./interrupt.ts";
import { failures, markdown, progressLine, totals, writeReport } from "./report.ts";
import type { Subject } from "./report.ts";
import { reasonOf, runChecks } from "./run.ts";

/** A shorter secret would match parts of ordinary text. */
const SECRET_MIN_CHARS = 8;

/** Does the work, then always removes the resources that it made. @returns the exit code */
export async function runCommand(work: (cleanups: Cleanups) => Promise<number>): Promise<number> {
  const cleanups = new Cleanups();
  cleanUpOnSignal(cleanups);
  let code = 1;
  try {
    code = await work(cleanups);
  } catch (error) {
    console.error(reasonOf(error));
  }
  try {
    await cleanups.run();
  } catch (error) {
    console.error(`not all that was made could be removed: ${reasonOf(error)}`);
    return 1;
  }
  return code;
}

/** Returns the requested themes, and always the last, which removes the resources of the others. */
export const chosen = <Scene>(themes: readonly Theme<Scene>[], text: string): readonly Theme<Scene>[] =>
  text === "" ? themes : [...only(themes.slice(0, -1), text), ...themes.slice(-1)];

interface Run<Scene> {
  readonly command: string;
  readonly themes: readonly Theme<Scene>[];
  readonly scene: Scene;
  readonly secrets: readonly (string | undefined)[];
  /** Called after all checks. */
  readonly subject: () => Promise<Subject>;
  readonly json: boolean;
  readonly write: boolean;
}

/** Runs the checks and reports them. @returns the exit code */
export async function verified<Scene>(run: Run<Scene>): Promise<number> {
  const { command, themes, scene, json, write } = run;
  const secrets = run.secrets.filter((secret) => secret !== undefined && secret.length >= SECRET_MIN_CHARS);
  const clean = (text: string) =>
    secrets.reduce<string>((rest, secret) => rest.replaceAll(secret ?? "", "[key]"), text);
  const rows = await runChecks(themes, scene, (row) => console.error(progressLine(row)), clean);
  const subject = await run.subject();
  const ok = failures(rows).length === 0;
  if (json) console.log(JSON.stringify({ ok, ...subject, checks: rows }));
  else console.log(`${totals(rows)}, against ${subject.against}`);
  if (write) await writeReport(command, markdown(rows, subject, new Date()));
  return ok ? 0 : 1;
}
