/** A shorter text would be cut out of words that have nothing to do with it. */
const MIN_SECRET_LENGTH = 8;
/** Errors wrap errors a few levels deep; a cycle must end somewhere. */
const MAX_CAUSES = 5;

/** A credential in the form git and E2B send it, which is not how it came. */
const AUTHORIZATION = /\b(Basic|Bearer) +[\w.~+/=-]+/gi;

/** Writes one JSON line about an error that nobody foresaw, with its stack and causes and without `secrets`. */
export function logUnexpected(requestId: string, thrown: unknown, secrets: readonly string[]): void {
  const error = redacted(chainOf(thrown).join("\ncaused by: "), secrets);
  console.error(JSON.stringify({ level: "error", message: "unexpected error", request_id: requestId, error }));
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

function redacted(text: string, secrets: readonly string[]): string {
  let clean = text.replaceAll(AUTHORIZATION, "$1 [redacted]");
  // The longest first: one may be part of another.
  for (const secret of secrets.toSorted((a, b) => b.length - a.length)) {
    if (secret.length >= MIN_SECRET_LENGTH) clean = clean.replaceAll(secret, "[redacted]");
  }
  return clean;
}
