/** `missing`: the service needs it; `advised`: it serves, but needs attention; `unknown`: it could not be queried. */
type Verdict = "ok" | "missing" | "advised" | "unknown";

export interface Finding {
  readonly name: string;
  readonly verdict: Verdict;
  /** The finding in few words. */
  readonly found: string;
  /** A command that mends it, or the place to look. */
  readonly mend?: string;
}

export const fine = (name: string, found: string): Finding => ({ name, verdict: "ok", found });
export const missing = (name: string, found: string, mend: string): Finding => ({
  name,
  verdict: "missing",
  found,
  mend,
});
export const advised = (name: string, found: string, mend: string): Finding => ({
  name,
  verdict: "advised",
  found,
  mend,
});
export const unknown = (name: string, found: string): Finding => ({ name, verdict: "unknown", found });

const NAME_WIDTH = 14;

/** Returns lines for a terminal: the finding, and the mend below it. */
export function linesOf({ name, verdict, found, mend }: Finding): string {
  const head = `${verdict.padEnd(8)} ${name.padEnd(NAME_WIDTH)} ${found}`;
  return mend === undefined ? head : `${head}\n${" ".repeat(NAME_WIDTH + 10)}${mend}`;
}
