/** What envd, the daemon in a sandbox, can do from which version on (the e2b SDK 2.60, src/envd/versions.ts). */
const SINCE = {
  /** The JSON form of its process service. Without it nothing here works. */
  processes: "0.1.0",
  /** A user of its own for those who name none. */
  defaultUser: "0.4.0",
  closeStdin: "0.5.2",
  /** A file's bytes as the body of an upload; before, as a part of a form. */
  plainUpload: "0.5.7",
} as const;

export type EnvdFeature = keyof typeof SINCE;

/** Whether a sandbox's envd has a feature. One that tells no version is taken for new, as is a version nobody can read. */
export function envdHas(feature: EnvdFeature, version: string | undefined): boolean {
  const told = numbersOf(version);
  const needed = numbersOf(SINCE[feature]);
  if (!told || !needed) return true;
  for (const [place, least] of needed.entries()) {
    const part = told[place] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** The oldest version that is of use. */
export const OLDEST_ENVD = SINCE.processes;

function numbersOf(version: string | undefined): readonly number[] | undefined {
  const [, ...parts] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return parts.length === 3 ? parts.map(Number) : undefined;
}
