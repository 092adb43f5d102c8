import { E2bError } from "../e2b/error.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import type { SandboxTask } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { sectionText, splitSections } from "./output/sections.ts";

/** An operation that pushes was ended at its deadline; `pushed` is the known state of its push. */
export class CutShort extends E2bError {
  readonly pushed: Work["pushed"];

  constructor(error: E2bError, pushed: Work["pushed"]) {
    super(error.code, error.message, error);
    this.pushed = pushed;
  }
}

type Pushing = Pick<SandboxTask, "pushed">;

/** Adds the state of the push, if known, to the error of an operation that was ended at its deadline. */
export function cutShort({ pushed }: Pushing, error: unknown, nonce: string): unknown {
  if (!(error instanceof E2bError) || !pushed || error.stdout === undefined) return error;
  return new CutShort(error, pushed(splitSections(error.stdout, nonce)));
}

/** Does the same for an operation that the sandbox ended otherwise, or whose failure lacks this state. */
export function withPushed<Value>({ pushed }: Pushing, output: ScriptOutput, parsed: Parsed<Value>): Parsed<Value> {
  if (parsed.ok || !pushed || parsed.error.details.work || output.truncated) return parsed;
  const { code, message, details, cause } = parsed.error;
  const work: Work = { pushed: pushed(output.sections), tree: "unknown" };
  return { ...parsed, error: new WarmtreeError(code, message, { ...details, work }, cause) };
}

/** Section that `pushing` (scripts/lib/send-commits.sh) prints before and after each push. */
const PUSHING_SECTION = 6;

/** Whether a push was completed: false before the first push, and after each push that the remote refused. */
export function pushedBy(sections: ScriptOutput["sections"]): Work["pushed"] {
  const told = sectionText(sections, PUSHING_SECTION);
  if (told === "true\0") return true;
  return told === "" || told === "false\0" ? false : "unknown";
}
