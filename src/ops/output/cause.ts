import { WarmtreeError } from "../../errors.ts";
import { withConflicts } from "./conflicts.ts";
import { FAILURE_SECTION, type Failed } from "./failure.ts";
import type { ScriptOutput } from "./script-output.ts";
import { sectionRecords } from "./sections.ts";
import { refusal, remoteMessages } from "./remote-messages.ts";

/** Ids of commits that were taken away at the remote, newest first (scripts/lib/history.sh). */
export const GONE_SECTION = 4;

/** The failure of a pull or push with what is known of its cause: conflicts, commits, the host's words. */
export function withCause({ error, ...rest }: Failed, result: ScriptOutput): Failed {
  const { code, message, details } = error;
  const commits = sectionRecords(result.sections, GONE_SECTION);
  const messages = remoteMessages(result);
  const told = {
    ...details,
    ...(commits.length > 0 ? { commits } : {}),
    ...(messages.length > 0 ? { remoteMessages: messages } : {}),
  };
  const [reason, words = ""] = sectionRecords(result.sections, FAILURE_SECTION);
  const detail = reason === "push_rejected" ? refusal(words, messages) : message;
  // The rest says that it can be sent again.
  const failed: Failed = { ...rest, error: new WarmtreeError(code, detail, told) };
  if (code !== "conflict") return failed;
  // In the files of a merge the workspace's side comes first; commits that are moved come second.
  return withConflicts(failed, result, details.work?.tree === "merging" ? "first" : "second");
}
