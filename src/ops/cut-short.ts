import { E2bError } from "../e2b/error.ts";
import { WarmtreeError, type Work } from "../errors.ts";
import type { SandboxTask } from "./operation.ts";
import type { Parsed, ScriptOutput } from "./output/script-output.ts";
import { sectionText, splitSections } from "./output/sections.ts";

/** What pushes, ended at its deadline, with what is known of its push. */
export class CutShort extends E2bError {
  readonly pushed: Work["pushed"];

  constructor(error: E2bError, pushed: Work["pushed"]) {
    super(error.code, error.message, error);
    this.pushed = pushed;
  }
}

type Pushing = Pick<SandboxTask, "pushed">;

/** Says of an operation that was ended at its deadline whether its push was done, where that is known. */
export function cutShort({ pushed }: Pushing, error: unknown, nonce: string): unknown {
  if (!(error instanceof E2bError) || !pushed || error.stdout === undefined) return error;
  return new CutShort(error, pushed(splitSections(error.stdout, nonce)));
}

/** The same of one that its sandbox ended otherwise, or that did not tell. */
export function withPushed<Value>({ pushed }: Pushing, output: ScriptOutput, parsed: Parsed<Value>): Parsed<Value> {
  if (parsed.ok || !pushed || parsed.error.details.work || output.truncated) return parsed;
  const { code, message, details, cause } = parsed.error;
  const work: Work = { pushed: pushed(output.sections), tree: "unknown" };
  return { ...parsed, error: new WarmtreeError(code, message, { ...details, work }, cause) };
}

/** Section that `pushing` of send-commits.ts prints, again and again. */
const PUSHING_SECTION = 6;

/** Before it is begun for the first time, and after each that the remote refused, nothing is pushed. */
export function pushedBy(sections: ScriptOutput["sections"]): Work["pushed"] {
  const told = sectionText(sections, PUSHING_SECTION);
  if (told === "true\0") return true;
  return told === "" || told === "false\0" ? false : "unknown";
}
