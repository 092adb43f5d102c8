import * as z from "zod/v4";

/** Definitions of a template: for E2B, and for a sandbox host on this machine (src/template/definition.ts). */
export type DefinitionName = "debian" | "host";

/** Name of the template that Warmtree builds; tags v1, v2, … distinguish its builds. */
export const TEMPLATE = "warmtree";
/** Tag of the build that was promoted last. */
export const STABLE_TAG = "stable";

const time = z.number().nonnegative();
const versionNumber = z.int().positive();

const promotedSchema = z.object({ version: versionNumber, builtAt: time }).readonly();
/** A build that new sandboxes start from. Times are Unix milliseconds. */
export type Promoted = z.infer<typeof promotedSchema>;

export const BUILD_STATES = ["building", "promoted", "failed"] as const;

const buildRecordSchema = z
  .object({
    version: versionNumber,
    state: z.enum(BUILD_STATES),
    startedAt: time,
    endedAt: time.optional(),
    /** Reason of the failure. */
    reason: z.string().optional(),
    /** From the smoke test: git's version, and whether it has a built-in file system monitor. */
    git: z.string().optional(),
    fsmonitor: z.boolean().optional(),
    /** From the request for the smoke test's sandbox to the end of its first command. */
    firstCommandMs: time.optional(),
  })
  .readonly();
/** Record of a build. */
export type BuildRecord = z.infer<typeof buildRecordSchema>;

/** Restores a stored promotion. Returns undefined if it is unreadable. */
export function restorePromoted(stored: unknown): Promoted | undefined {
  return promotedSchema.safeParse(stored).data;
}

/** Restores a stored build record. Returns undefined if it is unreadable. */
export function restoreBuildRecord(stored: unknown): BuildRecord | undefined {
  return buildRecordSchema.safeParse(stored).data;
}

export const versionTag = (version: number) => `v${version}`;

/** Returns the name that sandboxes of a version start from. */
export const templateName = (version: number) => `${TEMPLATE}:${versionTag(version)}`;

/** A tag of the template, as listed by E2B. */
interface Tag {
  readonly tag: string;
  readonly buildId: string;
  readonly assignedAtMs: number;
}

function versionOf({ tag }: Tag): number | undefined {
  const digits = /^v([1-9]\d{0,8})$/.exec(tag)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Returns the next version: one above every known tag and build. */
export function nextVersion(tags: readonly Tag[], newestKnown: number): number {
  return Math.max(newestKnown, ...tags.map((tag) => versionOf(tag) ?? 0)) + 1;
}

/** Returns the version of tag `stable`. Its build was requested when its version tag was assigned. */
export function stableVersion(tags: readonly Tag[]): Promoted | undefined {
  const stable = tags.find(({ tag }) => tag === STABLE_TAG);
  for (const tag of tags) {
    const version = tag.buildId === stable?.buildId ? versionOf(tag) : undefined;
    if (version !== undefined) return { version, builtAt: tag.assignedAtMs };
  }
  return undefined;
}

/** Lists tags of versions before `current` that no sandbox or snapshot uses. */
export function retirable(tags: readonly Tag[], current: number, namesInUse: ReadonlySet<string>): string[] {
  return tags
    .filter((tag) => {
      const version = versionOf(tag);
      return version !== undefined && version < current && !namesInUse.has(templateName(version));
    })
    .map(({ tag }) => tag);
}
