import * as z from "zod/v4";
import { type BrokenRule, WarmtreeError } from "../../errors.ts";
import { SECRET_FORMS } from "../../policy/secrets.ts";
import type { Failed, Reasons } from "./failure.ts";
import type { ScriptOutput } from "./script-output.ts";
import { sectionRecords } from "./sections.ts";

export const brokenRule = z.object({
  rule: z.string().describe("Its name in the policy: GET /v1/policy"),
  path: z.string().optional(),
  line: z.int().optional(),
  commit: z.string().optional().describe("Commit that has it, made before this call"),
  detail: z.string().describe("The reason and the way out"),
});

/** Section of the reasons of scripts/lib/rules.pl. */
const RULES_SECTION = 8;
const FIELDS = 6;
/** Maximum number of reasons in one answer. */
export const MAX_TOLD = 100;
/** Number of reasons in the sentence of an error; its list has the others. */
const MAX_IN_DETAIL = 3;
const SHORT_SHA = 10;

const OF_OPERATOR = "Only the operator can change this rule.";

export const RULE_REASONS: Reasons = {
  rule_broken: () => ({ code: "rule_broken", detail: "" }),
};

/** Adds the reasons to an error that rules caused. */
export function withRules(failed: Failed, result: ScriptOutput, opening: string): Failed {
  const { error } = failed;
  if (error.code !== "rule_broken" || error.message !== "") return failed;
  const told = toldRules(result, false);
  const some = told.slice(0, MAX_IN_DETAIL).map(({ detail }) => detail);
  const others = told.length > MAX_IN_DETAIL ? ` 'rules' has all ${told.length} reasons.` : "";
  const details = { ...error.details, rules: told, ...(told.length >= MAX_TOLD ? { truncated: true } : {}) };
  return { ...failed, error: new WarmtreeError("rule_broken", `${opening} ${some.join(" ")}${others}`, details) };
}

/** Reads section 8. @param isSent whether the push was made nevertheless */
export function toldRules(result: ScriptOutput, isSent: boolean): BrokenRule[] {
  const records = sectionRecords(result.sections, RULES_SECTION);
  return Array.from({ length: Math.floor(records.length / FIELDS) }, (_, n) => {
    const [rule = "", path = "", line = "", subject = "", commit = "", may = ""] = records.slice(n * FIELDS);
    const detail = isSent ? sentWords(path, line, subject) : words(rule, path, line, subject, may === "allow");
    return {
      rule,
      ...(path === "" ? {} : { path }),
      ...(/^\d{1,9}$/.test(line) ? { line: Number(line) } : {}),
      ...(commit === "" ? {} : { commit }),
      detail: commit === "" || isSent ? detail : `${detail} ${takenBack(commit)}`,
    };
  });
}

const wordsOf = (name: string) => SECRET_FORMS.find((form) => form.name === name)?.words ?? "a secret";

function words(rule: string, path: string, line: string, subject: string, mayAllow: boolean): string {
  const quoted = JSON.stringify(path);
  const [has, most] = subject.split("/");
  switch (rule) {
    case "paths":
      return `No push may change ${path} (rule ${subject}). Leave it as it is: restore {paths: [${quoted}]}. ${OF_OPERATOR}`;
    case "max_file_bytes":
      return `${path} has ${has} bytes, and a file may have ${most}. Leave it out: delete it, or name it in .gitignore. ${OF_OPERATOR}`;
    case "max_push_bytes":
      return `The new contents have ${has} bytes together, and those of a push may have ${most}. Push a part with 'files', or name in .gitignore the files that are not meant to be pushed. ${OF_OPERATOR}`;
    case "max_files":
      return `The push changes ${has} files, and a push may change ${most}. Push a part with 'files', or name in .gitignore the files that are not meant to be pushed. ${OF_OPERATOR}`;
    default: {
      const allow = mayAllow
        ? ` If it is none, for example a key made for a test: push {allow_secrets: [${quoted}]}.`
        : ` ${OF_OPERATOR}`;
      return `Line ${line} of ${path} looks like ${wordsOf(subject)}. Take it out, and read it from the environment instead.${allow}`;
    }
  }
}

const sentWords = (path: string, line: string, subject: string) =>
  `Line ${line} of ${path} looks like ${wordsOf(subject)}, and the remote has it now. If it is one, revoke it.`;

const takenBack = (commit: string) =>
  `It is in commit ${commit.slice(0, SHORT_SHA)}, made before this call: restore {to: "${commit.slice(0, SHORT_SHA)}^", keep: true} takes that commit and those after it back and keeps the files.`;

/** Returns the reason for a call that breaks a rule about refs, as the script itself found out. */
export function refRefusal(rule: string, reason: string): ReturnType<NonNullable<Reasons[string]>> {
  const detail = `${reason} ${OF_OPERATOR}`;
  return { code: "rule_broken", detail, rules: [{ rule, detail }] };
}
