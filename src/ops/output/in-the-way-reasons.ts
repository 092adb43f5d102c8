import type { Reasons } from "./failure.ts";

const says =
  (where: string, more: string) =>
  (subject: string): string => {
    const [name = "", taken = ""] = subject.split(" ");
    return `${where} has a branch '${taken}', so git cannot have a branch '${name}' beside it. ${more}`;
  };

const here = says("The workspace", "Nothing was done. Use another name.");
const there = says(
  "The remote",
  "Nothing was pushed. Push to a branch of another name with 'to', or have the owner of that branch rename it. The operator sets the prefix of agents' branches (AGENT_BRANCH_PREFIX).",
);

/** Reasons of scripts/lib/in-the-way.sh. */
export const IN_THE_WAY_REASONS: Reasons = {
  in_the_way_here: (subject) => ({ code: "invalid_input", field: "name", detail: here(subject) }),
  in_the_way_there: (subject) => ({ code: "push_rejected", detail: there(subject) }),
};
