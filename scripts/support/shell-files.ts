import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parse, print } from "sh-syntax";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import { ROOT, runProgram } from "./tools.ts";

const FOLDER = join(ROOT, "src", "ops", "scripts");
/** shfmt's default style, but indented by two. */
const STYLE = { indent: 2, switchCaseIndent: true, binaryNextLine: false, spaceRedirects: false } as const;

async function filesThatEnd(ending: string): Promise<string[]> {
  const names = await readdir(FOLDER, { recursive: true });
  return names.filter((name) => name.endsWith(ending)).sort();
}

const textOf = (name: string) => readFile(join(FOLDER, name), "utf8");
const pathOf = (name: string) => relative(ROOT, join(FOLDER, name));

/** Formats each shell file. */
export async function formatShell(): Promise<void> {
  for (const name of await filesThatEnd(".sh")) {
    await writeFile(join(FOLDER, name), await formatted(await textOf(name)));
  }
}

const formatted = (text: string) => print(text, STYLE);

/**
 * Returns the problems of scripts, "" for none: a shell file that does not parse or is not formatted, a Perl program
 * that does not compile, and the findings of shellcheck, if it is installed.
 */
export async function wrongScripts(): Promise<string> {
  const shell = await filesThatEnd(".sh");
  const perl = await filesThatEnd(".pl");
  const wrong = await Promise.all([...shell.map(wrongShell), ...perl.map(wrongPerl), shellcheck(shell)]);
  return wrong.filter(Boolean).join("\n");
}

async function wrongShell(name: string): Promise<string> {
  const text = await textOf(name);
  try {
    await parse(text);
  } catch (error) {
    return `${pathOf(name)}: ${error instanceof Error ? error.message : String(error)}`;
  }
  const { ok, output } = await runProgram("bash", ["-n", join(FOLDER, name)]);
  if (!ok) return output.trim();
  return (await formatted(text)) === text ? "" : `${pathOf(name)} is not formatted: npm run format`;
}

/** Checks a Perl program together with its pieces, because they share variables. */
async function wrongPerl(name: string): Promise<string> {
  const { ok, output } = await runProgram("perl", ["-c", "-e", assemble(await textOf(name), "perl")]);
  return ok ? "" : `${pathOf(name)}: ${output.trim()}`;
}

/** Checks scripts together with the pieces that they include; a piece alone lacks its script's variables. */
async function shellcheck(names: readonly string[]): Promise<string> {
  const scripts = names.filter((name) => !name.startsWith("lib/")).map((name) => join(FOLDER, name));
  const options = ["--external-sources", "--check-sourced", "--shell=bash", "--severity=warning", "--format=gcc"];
  try {
    const { ok, output } = await runProgram("shellcheck", [...options, ...scripts]);
    return ok ? "" : Array.from(new Set(output.trim().split("\n"))).join("\n");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    console.log("skip           shellcheck, which is not installed here");
    return "";
  }
}
