import { withoutAuthorization } from "../redaction/plain-text.ts";
import type { Redactor } from "../redaction/redactor.ts";

/** Errors wrap errors a few levels deep; a cycle must end. */
const MAX_CAUSES = 5;

/** Returns the messages of an unexpected error and its causes, with their stacks. */
export function toldBy(thrown: unknown, redactor: Redactor): string {
  // Removes the credential first: if only a part of it looked like a header's value, the rest would stay.
  return withoutAuthorization(redactor.clean(chainOf(thrown).join("\ncaused by: ")));
}

function chainOf(thrown: unknown): string[] {
  const chain: string[] = [];
  for (let link = thrown; link !== undefined && chain.length <= MAX_CAUSES;) {
    if (!(link instanceof Error)) return [...chain, typeof link === "string" ? link : `a thrown ${typeof link}`];
    chain.push(link.stack ?? link.message);
    link = link.cause;
  }
  return chain;
}
