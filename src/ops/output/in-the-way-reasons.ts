import type { Reasons } from "./failure.ts";

const says =
  (where: string, more: string) =>
  (subject: string): string => {
    const [name = "", taken = ""] = subject.split(" ");
    return `${where} has a branch '${taken}', and beside that git can have none called '${name}'. ${more}`;
  };

const here = says("The workspace", "Nothing was done: take another name.");
const there = says(
  "The remote",
  "Nothing was pushed. Push to a branch of another name with 'to'; or who owns that branch renames it. What branches of agents begin with is a setting of the operator (AGENT_BRANCH_PREFIX).",
);

/** Reasons of scripts/lib/in-the-way.sh. */
export const IN_THE_WAY_REASONS: Reasons = {
  in_the_way_here: (subject) => ({ code: "invalid_input", field: "name", detail: here(subject) }),
  in_the_way_there: (subject) => ({ code: "push_rejected", detail: there(subject) }),
};
