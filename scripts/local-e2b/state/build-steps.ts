import { copyFile, lchown } from "node:fs/promises";
import { join, posix } from "node:path";
import { type ExitStatus, type Machine, SANDBOX_USERS, type SandboxUser } from "../machine/machine.ts";
import { bashCommand, runToEnd } from "../machine/run.ts";
import { processEnvironment } from "./environment.ts";
import { COPY_SCRIPT } from "./copy-script.ts";

export interface Step {
  readonly type: string;
  readonly args: readonly string[];
  readonly filesHash?: string | undefined;
}

/** State that steps pass to later ones, and to the sandboxes of the template. */
export interface BuildContext {
  readonly env: Readonly<Record<string, string>>;
  readonly user: SandboxUser;
  readonly workdir: string | undefined;
}

export interface StepTools {
  readonly machine: Machine;
  /** Returns the host path of an uploaded archive. */
  readonly archive: (hash: string) => string;
  readonly log: (line: string) => void;
}

/** Runs one step as E2B does. @throws Error with the reason why the build fails */
export async function runStep(tools: StepTools, context: BuildContext, step: Step): Promise<BuildContext> {
  const [first, second] = step.args;
  if (first === undefined) throw new Error(`${step.type} needs an argument`);
  switch (step.type.toUpperCase()) {
    case "RUN":
      await bash(tools, context, second ?? context.user, first);
      return context;
    case "ENV":
      return { ...context, env: await environment(tools, context, step.args) };
    case "WORKDIR":
      return { ...context, workdir: await workdir(tools, context, first) };
    case "USER":
      return { ...context, user: knownUser(first) };
    case "COPY":
      await copy(tools, context, step);
      return context;
    default:
      throw new Error(`step type '${step.type}' is not known`);
  }
}

async function bash(tools: StepTools, context: BuildContext, userName: string, line: string): Promise<void> {
  const user = SANDBOX_USERS.find((known) => known === userName);
  if (user === undefined) {
    const reason = `command failed: unauthenticated: invalid username: '${userName}'`;
    throw new Error(`failed to run command '${line}': ${reason}`);
  }
  const exit = await execute(tools, { ...context, user }, bashCommand(line), tools.log);
  if (exit.code !== 0) throw new Error(`failed to run command '${line}': ${ended(exit)}`);
}

function execute(
  { machine }: StepTools,
  { user, env, workdir: directory }: BuildContext,
  command: { readonly cmd: string; readonly args: readonly string[] },
  onLine: (line: string) => void,
): Promise<ExitStatus> {
  const cwd = directory ?? machine.homeOf(user);
  return runToEnd(machine, { ...command, user, cwd, env: { ...processEnvironment(machine, user), ...env } }, onLine);
}

/** Returns the environment after an ENV step. Values may use existing variables; other shell syntax stays text. */
async function environment(
  tools: StepTools,
  context: BuildContext,
  args: readonly string[],
): Promise<Record<string, string>> {
  if (args.length % 2 !== 0) throw new Error("ENV requires both a key and value arguments");
  const env: Record<string, string> = { ...context.env };
  for (let index = 0; index < args.length; index += 2) {
    const text = (args[index + 1] ?? "").replaceAll(/[\\"`]|\$\(/g, "\\$&");
    const lines: string[] = [];
    await execute(tools, context, bashCommand(`printf '%s' "${text}"`), (line) => lines.push(line));
    env[args[index] ?? ""] = lines.join("\n");
  }
  return env;
}

async function workdir(tools: StepTools, context: BuildContext, path: string): Promise<string> {
  const absolute = posix.resolve(context.workdir ?? "/", path);
  const lines: string[] = [];
  const command = {
    cmd: "/bin/sh",
    args: ["-c", 'mkdir -p -- "$1" && cd -- "$1" && pwd', "sh", tools.machine.seenAs(absolute)],
  };
  const exit = await execute(tools, { ...context, workdir: "/" }, command, (line) => lines.push(line));
  if (exit.code !== 0) throw new Error(`failed to create workdir ${absolute}: ${lines.join(" ")}`);
  return absolute;
}

async function copy(tools: StepTools, context: BuildContext, { args, filesHash }: Step): Promise<void> {
  const [source, target, , mode = ""] = args;
  if (source === undefined || target === undefined) {
    throw new Error("COPY requires a local path and a container path argument");
  }
  if (filesHash === undefined) throw new Error("COPY requires files hash to be set");
  const { tree, owner } = tools.machine;
  const archive = join(tree, "home/user", `.${filesHash}.tar`);
  await copyFile(tools.archive(filesHash), archive);
  if (owner !== undefined) await lchown(archive, owner.uid, owner.gid);
  // The archive holds the matches of globs, so the entry is the directory before the first glob.
  const entry = posix.normalize(
    source
      .split("/")
      .filter((_, index, parts) => !parts.slice(0, index + 1).some(isGlob))
      .join("/") || ".",
  );
  const inside = tools.machine.seenAs(`/home/user/.${filesHash}.tar`);
  const destination = target.startsWith("/") ? tools.machine.seenAs(target) : target;
  const lines: string[] = [];
  const command = { cmd: "/bin/bash", args: ["-c", COPY_SCRIPT, "copy", inside, entry, destination, mode] };
  const exit = await execute(tools, context, command, (line) => lines.push(line));
  if (exit.code !== 0) throw new Error(`failed to copy '${source}': ${lines.join(" ") || ended(exit)}`);
}

function isGlob(part: string): boolean {
  return /[*?[{]/.test(part);
}

function knownUser(name: string): SandboxUser {
  const user = SANDBOX_USERS.find((known) => known === name);
  if (user !== undefined) return user;
  throw new Error(`the local host has the users ${SANDBOX_USERS.join(" and ")} only, not '${name}'`);
}

function ended({ code, signal }: ExitStatus): string {
  return signal === null ? `exit status ${code}` : `signal ${signal}`;
}
