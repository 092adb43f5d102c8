import type { Launched, Machine } from "../machine/machine.ts";
import { bashCommand, runToEnd } from "../machine/run.ts";
import { RunningProcess } from "../process/running.ts";
import { processEnvironment } from "./environment.ts";
import type { Image } from "./image.ts";
import type { Sandbox } from "./sandbox.ts";

/**
 * Time for the ready command to succeed. Afterwards the sandbox starts anyway; its user sees that the service is down.
 */
const READY_DEADLINE_MS = 60_000;
const READY_INTERVAL_MS = 50;

/**
 * Starts an image's start command and waits until its ready command succeeds. E2B's snapshots hold the running process;
 * here every sandbox starts its own. @returns the process; undefined if the image has no start command
 */
export async function startCommand(
  machine: Machine,
  image: Pick<Image, "env" | "user" | "workdir" | "startCmd" | "readyCmd">,
  extraEnv: Readonly<Record<string, string>>,
): Promise<Launched | undefined> {
  if (image.startCmd === undefined) return undefined;
  const place = {
    user: image.user,
    cwd: image.workdir ?? machine.homeOf(image.user),
    env: { ...processEnvironment(machine, image.user), ...image.env, ...extraEnv },
  };
  const launched = await machine.launch({ ...bashCommand(image.startCmd), ...place, stdin: "closed" });
  if (image.readyCmd === undefined) return launched;
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (Date.now() < deadline) {
    const { code } = await runToEnd(machine, { ...bashCommand(image.readyCmd), ...place });
    if (code === 0) break;
    await new Promise((resolve) => setTimeout(resolve, READY_INTERVAL_MS));
  }
  return launched;
}

/** Runs the start command of a new sandbox, whose process is then listed like any other. */
export async function startUp({ machine, spec, processes }: Sandbox): Promise<void> {
  const { image, envVars } = spec;
  const launched = await startCommand(machine, image, envVars);
  if (launched === undefined || image.startCmd === undefined) return;
  const config = { ...bashCommand(image.startCmd), envs: {} };
  processes.add(new RunningProcess(launched, config, undefined, "stdin"));
}
