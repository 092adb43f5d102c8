import { memorySkillFiles, type SkillCatalog, SkillsExtension } from "@modelcontextprotocol/server/ext/skills";
import skill from "./skill/SKILL.md" with { type: "text" };
import conflicts from "./skill/references/conflicts.md" with { type: "text" };
import continuing from "./skill/references/continuing.md" with { type: "text" };
import largeRepositories from "./skill/references/large-repositories.md" with { type: "text" };
import refusedPushes from "./skill/references/refused-pushes.md" with { type: "text" };

const NAME = "warmtree";

/** Files of the skill, which tells a model how to work in Warmtree. A client loads them when the model opens it. */
export const SKILL_FILES: Readonly<Record<string, string>> = {
  "SKILL.md": skill,
  "references/conflicts.md": conflicts,
  "references/large-repositories.md": largeRepositories,
  "references/continuing.md": continuing,
  "references/refused-pushes.md": refusedPushes,
};

/** The whole skill as one text, for models that read `/llms.txt`. */
export const SKILL_TEXT: string = Object.values(SKILL_FILES)
  .map((text) => text.replace(/^---\n[^]*?\n---\n+/, "").trim())
  .join("\n\n");

/** Loaded once: the extension digests each file. */
let catalog: SkillCatalog | undefined;

/** Returns the skill for a server to offer (extension io.modelcontextprotocol/skills). */
export async function skills(): Promise<SkillCatalog> {
  const files = Object.entries(SKILL_FILES).map(([path, text]) => [`${NAME}/${path}`, text]);
  return (catalog ??= await SkillsExtension.load(memorySkillFiles(Object.fromEntries(files)), {
    cacheHint: { ttlMs: 5 * 60 * 1000, cacheScope: "public" },
    strict: true,
  }));
}
