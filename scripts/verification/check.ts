/** What a check came to. `not offered`: the service has no such thing, and can be used without. */
type Verdict = "ok" | "differs" | "not offered" | "not checked";

export interface Finding {
  readonly verdict: Verdict;
  /** What was seen, in few words; no ids, keys or addresses. */
  readonly answered: string;
}

/** One thing that has to be so. */
export interface Check<Scene> {
  /** Short, and the same from run to run. */
  readonly name: string;
  readonly expects: string;
  /** Seconds that it may take; absent: DEFAULT_WITHIN_S. */
  readonly withinS?: number;
  /** Looks whether it is so. What it throws is a finding too: `differs`. */
  readonly look: (scene: Scene) => Promise<Finding>;
}

export interface Theme<Scene> {
  readonly name: string;
  readonly checks: readonly Check<Scene>[];
}

export const DEFAULT_WITHIN_S = 60;

/** `ok` where it is so, `differs` where not. */
export const heldIf = (isSo: boolean, answered: string): Finding => ({ verdict: isSo ? "ok" : "differs", answered });
export const notOffered = (answered: string): Finding => ({ verdict: "not offered", answered });
export const notChecked = (why: string): Finding => ({ verdict: "not checked", answered: why });

/** The most that all checks may take. */
export const mostSeconds = <Scene>(themes: readonly Theme<Scene>[]): number =>
  themes.flatMap(({ checks }) => checks).reduce((sum, { withinS = DEFAULT_WITHIN_S }) => sum + withinS, 0);

/** Those whose theme or name has this text. */
export function only<Scene>(themes: readonly Theme<Scene>[], text: string): readonly Theme<Scene>[] {
  return themes
    .map(({ name, checks }) => ({ name, checks: checks.filter((check) => `${name}: ${check.name}`.includes(text)) }))
    .filter(({ checks }) => checks.length > 0);
}
