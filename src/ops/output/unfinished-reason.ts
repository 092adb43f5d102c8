import type { Reasons } from "./failure.ts";

/** What `refuse_unfinished` (scripts/lib/refuse-unfinished.sh) refuses. */
export const UNFINISHED_REASON: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of a ${state}. Nothing was done. Settle its conflicts and push, or give it up with restore {all: true}; then call again.`,
  }),
};
