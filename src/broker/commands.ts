import { PktLineError, type PktLineReader } from "./pkt-line.ts";

/** Change of one ref in a push. An id of zeros means that the ref does not exist. */
export interface RefCommand {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

/** Commands and capabilities before the pack of a push (gitprotocol-pack(5), reference update request). */
export interface PushRequest {
  readonly commands: readonly RefCommand[];
  readonly capabilities: ReadonlySet<string>;
}

/** Enough for every push of an operation: a shallow clone also lists its boundary commits. */
export const MAX_COMMANDS_BYTES = 1024 * 1024;

const SHALLOW = /^shallow (?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const COMMAND = /^(?<old>[0-9a-f]{40}|[0-9a-f]{64}) (?<new>[0-9a-f]{40}|[0-9a-f]{64}) (?<ref>refs\/.+)$/s;
const CERTIFICATE = "push-cert";

/** Characters and sequences that git-check-ref-format(1) forbids anywhere in a name. */
// oxlint-disable-next-line no-control-regex -- they are refused
const NOT_IN_REF = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the commands of a push up to their flush. git sends a body without a command to ask whether it may push.
 * @throws PktLineError if git would not send the body in this form
 */
export async function readCommands(reader: PktLineReader): Promise<PushRequest> {
  const commands: RefCommand[] = [];
  let capabilities: ReadonlySet<string> = new Set();
  for (;;) {
    const packet = await reader.next();
    if (packet === undefined) throw new PktLineError("the message ends before its flush");
    if (packet.kind === "flush") return { commands, capabilities };
    const { line, words } = split(packet.payload);
    if (commands.length === 0 && words === undefined && SHALLOW.test(line)) continue;
    // git sends capabilities with the first command; a git host would take them from any line.
    if ((words === undefined) !== commands.length > 0) throw new PktLineError("capabilities are not at the first line");
    if (words !== undefined) capabilities = words;
    if (line === CERTIFICATE) throw new PktLineError("the push is signed (--signed), which hides its commands");
    commands.push(commandOf(line));
  }
}

/** Splits a payload into its line and, after a NUL, the capabilities. */
function split(payload: Uint8Array): { readonly line: string; readonly words: ReadonlySet<string> | undefined } {
  const [line = "", capabilities, ...rest] = decoded(payload).replace(/\n$/, "").split("\0");
  if (rest.length > 0) throw new PktLineError("a line has two NULs");
  return { line, words: capabilities === undefined ? undefined : new Set(capabilities.split(" ")) };
}

function decoded(payload: Uint8Array): string {
  try {
    return utf8.decode(payload);
  } catch {
    throw new PktLineError("a line is not UTF-8");
  }
}

function commandOf(line: string): RefCommand {
  const { old, new: next, ref } = COMMAND.exec(line)?.groups ?? {};
  if (old === undefined || next === undefined || ref === undefined || NOT_IN_REF.test(ref)) {
    throw new PktLineError("a line is not the command of a push");
  }
  if (old.length !== next.length) throw new PktLineError("the ids of a command are of two kinds");
  return { ref, old, new: next };
}
