import type { Machine, SandboxUser } from "../machine/machine.ts";

/** What every process in a machine starts with. */
export function processEnvironment(machine: Machine, user: SandboxUser): Record<string, string> {
  return { ...machine.env, HOME: machine.homeOf(user), USER: user, LOGNAME: user };
}
