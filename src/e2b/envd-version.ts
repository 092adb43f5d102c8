/** First versions with each feature of envd, the daemon in a sandbox (the e2b SDK 2.60, src/envd/versions.ts). */
const SINCE = {
  /** The JSON form of its process service. Required. */
  processes: "0.1.0",
  /** Its own default user for requests without one. */
  defaultUser: "0.4.0",
  closeStdin: "0.5.2",
  /** Uploads with the file as body; earlier versions take a form part. */
  plainUpload: "0.5.7",
} as const;

export type EnvdFeature = keyof typeof SINCE;

/** Whether a sandbox's envd has a feature. An absent or unreadable version counts as new. */
export function envdHas(feature: EnvdFeature, version: string | undefined): boolean {
  const actual = numbersOf(version);
  const needed = numbersOf(SINCE[feature]);
  if (!actual || !needed) return true;
  for (const [place, least] of needed.entries()) {
    const part = actual[place] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

/** The oldest usable version. */
export const OLDEST_ENVD = SINCE.processes;

function numbersOf(version: string | undefined): readonly number[] | undefined {
  const [, ...parts] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  return parts.length === 3 ? parts.map(Number) : undefined;
}
