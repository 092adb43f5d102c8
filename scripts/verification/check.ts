/** Result of a check. `not offered`: the service lacks the feature, and can be used without it. */
type Verdict = "ok" | "differs" | "not offered" | "not checked";

export interface Finding {
  readonly verdict: Verdict;
  /** Summary of the answer in few words; no ids, keys or addresses. */
  readonly answered: string;
}

/** A check of one property of the service. */
export interface Check<Scene> {
  /** Short name, unchanged from run to run. */
  readonly name: string;
  readonly expects: string;
  /** Longest duration in seconds; absent: DEFAULT_WITHIN_S. */
  readonly withinS?: number;
  /** Does the check. A thrown error is a finding too: `differs`. */
  readonly look: (scene: Scene) => Promise<Finding>;
}

export interface Theme<Scene> {
  readonly name: string;
  readonly checks: readonly Check<Scene>[];
}

export const DEFAULT_WITHIN_S = 60;

/** Returns a finding: `ok` if `isSo`, else `differs`. */
export const heldIf = (isSo: boolean, answered: string): Finding => ({ verdict: isSo ? "ok" : "differs", answered });
export const notOffered = (answered: string): Finding => ({ verdict: "not offered", answered });
export const notChecked = (why: string): Finding => ({ verdict: "not checked", answered: why });

/** Returns the longest duration of all checks, in seconds. */
export const mostSeconds = <Scene>(themes: readonly Theme<Scene>[]): number =>
  themes.flatMap(({ checks }) => checks).reduce((sum, { withinS = DEFAULT_WITHIN_S }) => sum + withinS, 0);

/** Returns the checks whose `theme: name` contains this text. */
export function only<Scene>(themes: readonly Theme<Scene>[], text: string): readonly Theme<Scene>[] {
  return themes
    .map(({ name, checks }) => ({ name, checks: checks.filter((check) => `${name}: ${check.name}`.includes(text)) }))
    .filter(({ checks }) => checks.length > 0);
}
