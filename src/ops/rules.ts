import { globRegex } from "../policy/glob.ts";
import type { Policy } from "../policy/policy.ts";
import { SECRET_FORMS } from "../policy/secrets.ts";
import { MAX_TOLD } from "./output/broken-rules.ts";

/** Returns the rules in the form that scripts/lib/rules.pl reads. */
export function rulesEnvironment(policy: Policy): Record<string, string> {
  const { secrets, allow_secrets, max_file_bytes, max_push_bytes, max_files, paths } = policy;
  const forms = secrets === "off" ? [] : SECRET_FORMS;
  return {
    IN_RULES: [secrets, allow_secrets, max_file_bytes, max_push_bytes, max_files, MAX_TOLD].join(" "),
    IN_RULE_PATHS: paths.map((glob) => `${globRegex(glob)}\t${glob}`).join("\n"),
    IN_RULE_SECRETS: forms.map(({ name, check, hint, regex }) => [name, check, hint, regex].join("\t")).join("\n"),
  };
}
