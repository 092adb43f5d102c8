const ids = new WeakMap<Request, string>();

/** Returns the id of a request: the same for its answer, for logs, and for the operator's list of operations. */
export function requestIdOf(request: Request): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const made = crypto.randomUUID();
  ids.set(request, made);
  return made;
}
