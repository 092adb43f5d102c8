import { constants } from "node:os";
import type { Cleanups } from "../support/cleanups.ts";

/** A signal ends the run, but not before all that it made is removed: sandboxes that are left cost money. */
export function cleanUpOnSignal(cleanups: Cleanups): void {
  let isEnding = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // A terminal's Ctrl-C comes twice, directly and passed on by npm.
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
