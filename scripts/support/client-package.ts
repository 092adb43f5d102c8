import { randomUUID } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "./replace-file.ts";
import { ROOT, runProgram, runTool } from "./tools.ts";

/** The package `warmtree`. */
const CLIENT = join(ROOT, "client");
export const TYPES_FILE = join(CLIENT, "src", "generated.ts");
const DIST = join(CLIENT, "dist");

/** Generates the client's types, in a process that can read the Worker's sources. Takes half a second. */
export async function makeClientTypes(): Promise<void> {
  const { ok, output } = await runProgram(process.execPath, ["scripts/run.mjs", "scripts/client.ts", "--types"]);
  if (!ok) throw new Error(`the types of the client cannot be made:\n${output.trim()}`);
}

/** Builds client/dist from the present sources and types. Several processes may do it at once. */
export async function buildClient(): Promise<void> {
  const building = join(ROOT, "dist", `client-${randomUUID()}`);
  try {
    const { ok, output } = await runTool("tsc", ["-p", join(CLIENT, "tsconfig.build.json"), "--outDir", building]);
    if (!ok) throw new Error(`the client does not build:\n${output.trim()}`);
    const built = await readdir(building);
    const before = await readdir(DIST).catch(() => []);
    for (const name of built) await replaceFile(join(DIST, name), await readFile(join(building, name), "utf8"));
    for (const name of before.filter((each) => !built.includes(each))) await rm(join(DIST, name), { force: true });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
