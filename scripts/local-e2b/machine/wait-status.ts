import { constants as system } from "node:os";
import type { ExitStatus } from "./machine.ts";

/** Decodes a wait status of waitpid. */
export function exitStatus(status: number): ExitStatus {
  const number = status & 0x7f;
  if (number === 0) return { code: status >> 8, signal: null };
  return {
    code: null,
    signal:
      Object.keys(system.signals)
        .filter(isSignal)
        .find((name) => system.signals[name] === number) ?? "SIGKILL",
  };
}

function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(system.signals, name);
}
