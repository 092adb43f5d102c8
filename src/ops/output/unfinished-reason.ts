import type { Reasons } from "./failure.ts";

/** Reason of `refuse_unfinished` (scripts/lib/refuse-unfinished.sh). */
export const UNFINISHED_REASON: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `The tree is in the middle of a ${state}. Nothing was done. Settle its conflicts and push, or give it up with restore {all: true}; then call again.`,
  }),
};
