import { ERROR_KINDS } from "../errors.ts";
import { CONFLICT_EXAMPLE } from "./examples.ts";

/** All statuses of errors. */
const PROBLEM_STATUSES: readonly number[] = [...new Set(Object.values(ERROR_KINDS).map(({ status }) => status))];

/** Statuses that an operation can fail with: all except that of a wrong method. */
export const GIT_PROBLEMS = PROBLEM_STATUSES.filter((status) => status !== ERROR_KINDS.method_not_allowed.status);

/** Builds `components.responses`: one per status, with its codes. */
export function problemResponses(): object {
  return Object.fromEntries(PROBLEM_STATUSES.map((status) => [`Problem${status}`, problemResponse(status)]));
}

/** Builds a route's `responses`, as references to `components.responses`. */
export function problems(statuses: readonly number[]): object {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]));
}

function problemResponse(status: number) {
  const kinds = Object.entries(ERROR_KINDS).filter(([, kind]) => kind.status === status);
  return {
    description: kinds.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(" "),
    content: {
      "application/problem+json": {
        schema: { $ref: "#/components/schemas/Problem" },
        ...(status === CONFLICT_EXAMPLE.status ? { example: CONFLICT_EXAMPLE } : {}),
      },
    },
  };
}
