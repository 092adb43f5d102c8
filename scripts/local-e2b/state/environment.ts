import type { Machine, SandboxUser } from "../machine/machine.ts";

/** Returns the initial environment of every process in a machine. */
export function processEnvironment(machine: Machine, user: SandboxUser): Record<string, string> {
  return { ...machine.env, HOME: machine.homeOf(user), USER: user, LOGNAME: user };
}
