import { WarmtreeError } from "../../errors.ts";
import { withConflicts } from "./conflicts.ts";
import { FAILURE_SECTION, type Failed } from "./failure.ts";
import type { ScriptOutput } from "./script-output.ts";
import { sectionRecords } from "./sections.ts";
import { refusal, remoteMessages } from "./remote-messages.ts";

/** Section of the commits that were removed at the remote, newest first (scripts/lib/history.sh). */
export const GONE_SECTION = 4;

/** Adds the known cause to the failure of a pull or push: conflicts, commits, the host's messages. */
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
  const detail = reason === "push_rejected" && code === "push_rejected" ? refusal(words, messages) : message;
  // Keeps the other fields, which say whether the call can be sent again.
  const failed: Failed = { ...rest, error: new WarmtreeError(code, detail, told) };
  if (code !== "conflict") return failed;
  // In a merge in the files, the workspace's side is first; for rebased commits it is second.
  return withConflicts(failed, result, details.work?.tree === "merging" ? "first" : "second");
}
