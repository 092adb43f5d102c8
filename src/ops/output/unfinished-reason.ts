import type { Reasons } from "./failure.ts";

/** Reason of `refuse_unfinished` (scripts/lib/refuse-unfinished.sh). */
export const UNFINISHED_REASON: Reasons = {
  unfinished: (state) => ({
    code: "conflict",
    detail: `A ${state} is unfinished. Nothing was done. Resolve its conflicts and push, or abort it with restore {all: true}; then call again.`,
  }),
};
