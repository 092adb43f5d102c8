import * as z from "zod/v4";
import { failureOf, type Reasons } from "./output/failure.ts";
import { cursor, revision, sandboxId, tagName } from "./inputs.ts";
import { defineOperation } from "./operation.ts";
import type { ScriptOutput } from "./output/script-output.ts";
import { RULE_REASONS, refRefusal, withRules } from "./output/broken-rules.ts";
import { rulesEnvironment } from "./rules.ts";
import { sectionRecords } from "./output/sections.ts";
import { assemble } from "./scripts/assemble.ts";
import tagScript from "./scripts/tag.sh" with { type: "text" };

const MAX_TAGS = 200;
/** Below the 128 KiB that Linux allows for one argument. */
const MAX_MESSAGE_LENGTH = 16_000;

/** Fields of git-for-each-ref(1), in the order in which readTags reads them. */
const FIELDS = [
  "%(refname:lstrip=2)",
  "%(objectname)",
  "%(*objectname)",
  "%(creatordate:iso-strict)",
  "%(contents:subject)",
] as const;

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    name: tagName.optional().describe("Tag to create or to push; default: list the tags"),
    ref: revision.optional().describe("Commit to tag; default: HEAD"),
    message: z
      .string()
      .max(MAX_MESSAGE_LENGTH)
      .refine((text) => text.trim() !== "" && !text.includes("\0"), "is empty")
      .optional()
      .describe("Creates an annotated tag, with author and date"),
    push: z.boolean().default(false).describe("Push the tag; an existing tag of the remote is never moved"),
    cursor: cursor.optional(),
  })
  .refine((asked) => asked.name !== undefined || (asked.ref ?? asked.message) === undefined, {
    path: ["name"],
    message: "is needed with ref and message",
  })
  .refine((asked) => asked.name !== undefined || !asked.push, { path: ["name"], message: "is needed with push" });

const listed = z.object({
  name: z.string(),
  sha: z.string().describe("Tagged commit"),
  date: z.string().describe("Date of the tag, or of the commit if the tag has no message; RFC 3339"),
  subject: z.string(),
  annotated: z.boolean(),
});

const output = z.object({
  tag: listed.optional().describe("The new or existing tag"),
  made: z.boolean().optional().describe("false: it existed already"),
  pushed: z.boolean().optional().describe("Whether this call pushed it; false: the remote had it already"),
  tags: z.array(listed).optional().describe("Newest first"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

const REASONS: Reasons = {
  ...RULE_REASONS,
  no_tags: (name) =>
    refRefusal("refs.tags", `No tag may be pushed here. Nothing was done. Make '${name}' without 'push'.`),
  tag_exists: (name) => ({
    code: "invalid_input",
    field: "name",
    detail: `The tag '${name}' exists already, for another commit or with another message. Nothing was done. Use another name.`,
  }),
  taken_there: (name) => ({
    code: "push_rejected",
    detail: `The remote has a different tag '${name}'. Nothing was pushed, and the workspace's tag is kept. Use another name.`,
  }),
  refused: (reason) => ({
    code: "push_rejected",
    detail: `The git host's rules refused the tag${reason && `: ${reason}`}. It is kept in the workspace.`,
  }),
};

export const tag = defineOperation({
  name: "tag",
  summary: "Lists tags, or creates one and pushes it.",
  access: "remote",
  commits: true,
  pushes: true,
  shell: "/bin/bash",
  input,
  output,
  script: assemble(tagScript),
  sends: ({ name, push }, { policy }) =>
    name !== undefined && push && policy.refs.tags ? [{ ref: `refs/tags/${name}`, may: "create" }] : [],
  plan: (asked, { policy }) => ({
    env: {
      ...rulesEnvironment(policy),
      IN_TAGS: String(policy.refs.tags),
      IN_NAME: asked.name ?? "",
      IN_REF: asked.ref ?? "",
      IN_MESSAGE: asked.message ?? "",
      IN_PUSH: String(asked.push),
      // Requests one more than a page holds, to learn whether there are more.
      IN_COUNT: String((asked.cursor ?? 0) + MAX_TAGS + 1),
      IN_FORMAT: `${FIELDS.join("%00")}%00`,
    },
  }),
  parse(result, asked) {
    const failed = failureOf(result, REASONS);
    if (failed) return withRules(failed, result, "The tag was not made.");
    const tags = readTags(result);
    if (asked.name !== undefined) {
      const [made, sent] = sectionRecords(result.sections, 2);
      const pushed = sent ? { pushed: sent === "true" } : {};
      const [one] = tags;
      return { ok: true, value: { ...(one ? { tag: one } : {}), made: made === "true", ...pushed, truncated: false } };
    }
    const from = asked.cursor ?? 0;
    const more = tags.length > from + MAX_TAGS;
    const next = more ? { cursor: String(from + MAX_TAGS) } : {};
    return {
      ok: true,
      value: { tags: tags.slice(from, from + MAX_TAGS), truncated: more || result.truncated, ...next },
    };
  },
});

function readTags(result: ScriptOutput): z.output<typeof listed>[] {
  const records = sectionRecords(result.sections, 1);
  return Array.from({ length: Math.floor(records.length / FIELDS.length) }, (_, n) => {
    const [name = "", sha = "", peeled = "", date = "", subject = ""] = records.slice(n * FIELDS.length);
    // Each line except the first begins with the line end of the line before.
    return { name: name.replace(/^\n/, ""), sha: peeled || sha, date, subject, annotated: peeled !== "" };
  });
}
