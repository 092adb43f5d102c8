import * as z from "zod/v4";
import { pointerOf } from "./output/lfs-pointer.ts";
import type { ScriptOutput } from "./output/script-output.ts";
import { sectionRecords, sectionText } from "./output/sections.ts";
import type { Step } from "./payload.ts";
import type { LfsContent, LfsFile } from "../remote/types.ts";

/** Section with the paths that Git LFS stores. */
const LFS_SECTION = 3;

export const lfsFiles = z
  .array(
    z.object({
      path: z.string(),
      oid: z.string().describe("SHA-256 of the content"),
      size: z.number(),
      uploaded: z.boolean().describe("False: the git host had the object already"),
    }),
  )
  .optional()
  .describe("Files that Git LFS stores: their content is at the git host, and the tree has pointers");

/** Section with the files in the answer. The script prints it, so that a receipt of the edit has it. */
const STORED_SECTION = 4;

const isWhole = ({ kind }: Step) => kind === "write" || kind === "bytes";
const utf8 = new TextEncoder();

/** Replaces the contents of files whose objects the git host has by pointers, and adds these files for the answer. */
export function withPointers(steps: readonly Step[], files: readonly LfsFile[] = []): readonly Step[] {
  const pointers = new Map(files.map((file) => [file.path, utf8.encode(pointerOf(file))]));
  const all = steps.map((step): Step => {
    const pointer = isWhole(step) ? pointers.get(step.path) : undefined;
    return pointer ? { ...step, kind: "bytes", content: pointer } : step;
  });
  if (files.length === 0) return all;
  return [...all, { kind: "lfs", path: "", place: "", content: utf8.encode(JSON.stringify(files)) }];
}

/** Returns the files that an edit wrote as pointers; undefined if there are none. */
export function storedFiles({ sections }: ScriptOutput): z.output<typeof lfsFiles> {
  try {
    return lfsFiles.safeParse(JSON.parse(sectionText(sections, STORED_SECTION))).data;
  } catch {
    return undefined;
  }
}

/** Returns the contents that the git host must have before the edit works; none after a refusal for another reason. */
export function contentsForLfs({ sections }: ScriptOutput, steps: readonly Step[]): LfsContent[] {
  const contents = new Map(steps.filter(isWhole).map(({ path, content }) => [path, content]));
  return sectionRecords(sections, LFS_SECTION).flatMap((path) => {
    const bytes = contents.get(path);
    return bytes ? [{ path, bytes }] : [];
  });
}
