import { constants } from "node:os";
import type { Cleanups } from "../support/cleanups.ts";

/** Ends the run on a signal, but only after removing all resources that it made: remaining sandboxes cost money. */
export function cleanUpOnSignal(cleanups: Cleanups): void {
  let isEnding = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // A terminal's Ctrl-C arrives twice, directly and forwarded by npm.
    process.on(signal, () => {
      if (isEnding) return;
      isEnding = true;
      console.error("ending: removes what was made");
      const code = 128 + constants.signals[signal];
      cleanups.run().then(
        () => process.exit(code),
        (error: unknown) => {
          console.error(error);
          process.exit(code);
        },
      );
    });
  }
}
