import { defaultBranch } from "../remote/default-branch.ts";
import type { Remote } from "../remote/types.ts";
import { MAX_COMMANDS_BYTES, type PushRequest, readCommands } from "./commands.ts";
import { PktLineError, PktLineReader } from "./pkt-line.ts";
import { refusalLines, refusalReport } from "./report.ts";
import { asksDefault, type RefRule, type Verdict, verdictsOf } from "./rules.ts";
import type { SigningSettings } from "./sign.ts";
import { SIGNED_HEADER, unsignedTips } from "./signed-tips.ts";
import { answerOf, lengthOf, spoken, type UpstreamRequest } from "./upstream.ts";

/** Largest request that the platform accepts on most plans; it answers 413 itself. */
const MAX_REQUEST_BYTES = 100_000_000;

const PUSH_TYPE = "application/x-git-receive-pack-result";

type Body = ReadableStream<Uint8Array>;

/**
 * Answers a push: reads its commands, and forwards it if the rules allow every command. The git host gets no byte
 * before that. The pack streams through.
 */
export async function answerPush(
  remote: Remote,
  rules: readonly RefRule[],
  request: UpstreamRequest,
  signing: SigningSettings,
): Promise<Response> {
  const { body, note } = request;
  const isPacked = request.headers.get("Content-Encoding") === "gzip";
  const length = lengthOf(request.headers);
  if (!body) return spoken(400, "The push has no body.");
  if (length !== undefined && length > MAX_REQUEST_BYTES) {
    await body.cancel();
    note?.({ refused: "payload_too_large" });
    return spoken(413, "The push is over 100 MB, which is the limit of one request: push fewer commits at a time.");
  }
  const plain = isPacked ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  const reader = new PktLineReader(plain, MAX_COMMANDS_BYTES);
  let asked: PushRequest;
  try {
    asked = await readCommands(reader);
  } catch (error) {
    reader.release();
    await drain(plain);
    note?.({ refused: "not_understood" });
    return spoken(400, `The push was not understood${error instanceof PktLineError ? `: ${error.message}` : ""}.`);
  }
  const taken = reader.release();
  note?.({ refs: asked.commands.map(({ ref }) => ref) });
  // Before a large pack, git asks whether it may push. The lease permits it.
  if (asked.commands.length === 0) {
    await drain(plain);
    return reportOf(null);
  }
  const verdicts = await judged(remote, rules, asked, request, signing);
  if (verdicts.some(({ reasons }) => reasons.length > 0)) {
    note?.({ refused: "ref_not_allowed" });
    // git reads the response only after it has sent its last byte.
    await drain(plain);
    return refused(verdicts, asked);
  }
  const headers = new Headers(request.headers);
  headers.delete("Content-Encoding");
  return answerOf(remote, { ...request, headers, body: continued(taken, plain, isPacked ? undefined : length) });
}

async function judged(
  remote: Remote,
  rules: readonly RefRule[],
  { commands, capabilities }: PushRequest,
  { headers, signal }: UpstreamRequest,
  signing: SigningSettings,
): Promise<Verdict[]> {
  const known = asksDefault(commands, rules) ? { defaultBranch: await defaultBranch(remote, signal) } : {};
  const facts = { commands, hasOptions: capabilities.has("push-options") };
  const verdicts = verdictsOf(facts, { rules, ...known });
  const allowed = commands.filter((_, at) => verdicts[at]?.reasons.length === 0);
  if (signing.signingKeys.length === 0 || allowed.length === 0) return verdicts;
  const unsigned = await unsignedTips(allowed, headers.get(SIGNED_HEADER), signing, remote, signal);
  return verdictsOf({ ...facts, unsigned }, { rules, ...known });
}

function refused(verdicts: readonly Verdict[], { capabilities }: PushRequest): Response {
  const report = refusalReport(verdicts, capabilities);
  return report === undefined ? spoken(403, refusalLines(verdicts).join("\n")) : reportOf(report);
}

function reportOf(report: Uint8Array<ArrayBuffer> | null): Response {
  return new Response(report, { headers: { "Content-Type": PUSH_TYPE, "Cache-Control": "no-store" } });
}

/** Joins the bytes already read and the rest of the stream, without a copy of the rest. */
function continued(taken: readonly Uint8Array[], rest: Body, length: number | undefined): Body {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const send = async () => {
    const writer = writable.getWriter();
    for (const chunk of taken) await writer.write(chunk);
    writer.releaseLock();
    await rest.pipeTo(writable);
  };
  // Ignored, because a host may respond before it has read the whole body, and then does not read the rest.
  send().catch(() => undefined);
  return readable;
}

async function drain(body: Body): Promise<void> {
  await body.pipeTo(new WritableStream()).catch(() => undefined);
}
