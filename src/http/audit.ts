import type { Next } from "hono";
import { routePath } from "hono/route";
import type { BrokerFacts } from "../broker/facts.ts";
import type { ErrorCode } from "../errors.ts";
import type { LoggedOperation, OperationLog } from "../metrics/operations.ts";
import { shardOf } from "../pool/handle.ts";
import { writeLine } from "../redaction/log-line.ts";
import { type AuditLine, operationLine, refsOf, verdictOf } from "../metrics/audit-line.ts";
import type { HttpContext } from "./context.ts";
import { isEventStream } from "./event-stream.ts";
import { toldBy } from "./log.ts";
import { requestIdOf } from "./request-id.ts";
import { redactorOf, strictRedactorOf } from "./secrets.ts";

/** Routes whose requests are logged even if they ran no operation: all that show or change a tenant's work. */
const COVERED = /^\/(?:v1|mcp|metrics|broker)(?:\/|$)/;
const ONLY_READS = new Set(["GET", "HEAD", "OPTIONS"]);

const audits = new WeakMap<Request, RequestAudit>();

/** Returns the audit of a request. */
export function auditOf(c: HttpContext): RequestAudit {
  const known = audits.get(c.req.raw);
  if (known) return known;
  const made = new RequestAudit(c);
  audits.set(c.req.raw, made);
  return made;
}

/** Middleware before every route: logs a request for which no operation has written a line. */
export async function audited(c: HttpContext, next: Next): Promise<void> {
  const startedAt = performance.now();
  const log = () => auditOf(c).answered(performance.now() - startedAt);
  const answered = next();
  if (ONLY_READS.has(c.req.method)) return answered.then(log);
  // The runtime drops the work of a request whose client has left, and its line with it.
  c.executionCtx.waitUntil(answered);
  await answered;
  const streamed = endOfStream(c);
  if (streamed === undefined) log();
  else c.executionCtx.waitUntil(streamed.then(log));
}

/** Resolves when an answer in a stream is over: until then, operations may begin. Undefined: it is no stream. */
function endOfStream(c: HttpContext): Promise<void> | undefined {
  const { res } = c;
  if (res.body === null || !isEventStream(res)) return undefined;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  // Otherwise Hono keeps the headers of the previous answer.
  c.res = undefined;
  c.res = new Response(readable, res);
  // It rejects when the client leaves.
  return res.body.pipeTo(writable).catch(() => undefined);
}

type Who = Pick<AuditLine, "tenant" | "key" | "actor" | "sandbox_id" | "bytes_out">;

/** Writes one line for each operation of a request; for a request without operations, one for itself. */
export class RequestAudit implements OperationLog {
  readonly #c: HttpContext;
  #who: Who = {};
  #onlyReads: boolean;
  /** Whether to write a line although the request only reads. */
  #isNoted = false;
  #begun = 0;
  #broker: BrokerFacts | undefined;
  #failure: { readonly thrown: unknown; readonly code: ErrorCode } | undefined;
  readonly #told = new WeakSet<object>();

  constructor(c: HttpContext) {
    this.#c = c;
    this.#onlyReads = ONLY_READS.has(c.req.method);
  }

  /** Notes the sender of the request, and the workspace that it concerns. */
  concerns(who: Who): void {
    this.#who = { ...this.#who, ...who };
  }

  /** Does the same for a request that is logged although it only reads. */
  notes(who: Who): void {
    this.concerns(who);
    this.#isNoted = true;
  }

  /** Notes that the request only reads, although its method is POST. */
  onlyReads(): void {
    this.#onlyReads = true;
  }

  /** Notes that git sent the request to the broker, and facts about it. */
  brokered(facts: BrokerFacts): void {
    this.#broker = { ...this.#broker, ...facts };
  }

  /** Notes the error that is the response, or a part of it. */
  failed(thrown: unknown, code: ErrorCode): void {
    this.#failure = { thrown, code };
  }

  begun(): void {
    this.#begun += 1;
  }

  ended(operation: LoggedOperation, error?: unknown): void {
    const { actor, key } = this.#who;
    this.#write("operation", { ...(actor && { actor }), ...(key && { key }), ...operationLine(operation) }, error);
  }

  answered(ms: number): void {
    const { req, res } = this.#c;
    const { thrown, code } = this.#failure ?? {};
    if (this.#broker) {
      const line = { ...this.#brokerLine(this.#broker), ...(code && { code }), status: res.status, ms };
      this.#write("broker", line, thrown);
      return;
    }
    const isTold = this.#begun > 0 && !(code === "internal" && !this.#hasTold(thrown));
    const isCovered =
      COVERED.test(req.path) && (code !== undefined || res.status >= 400 || this.#isNoted || !this.#onlyReads);
    if (isTold || !(isCovered || code === "internal")) return;
    const sandboxId = req.param("sandbox_id");
    this.#write(
      "request",
      {
        ...(sandboxId !== undefined && shardOf(sandboxId) !== undefined && { sandbox_id: sandboxId }),
        ...this.#who,
        what: `${req.method} ${routePath(this.#c, -1)}`,
        ...verdictOf(code),
        status: res.status,
        ...lengthOf(req.raw.headers),
        ms,
      },
      thrown,
    );
  }

  /** Logs an unexpected failure of background work, for which no response waits. */
  failedBehind(thrown: unknown): void {
    this.#write("request", { ...this.#who, what: "resume", ...verdictOf("internal") }, thrown);
  }

  #brokerLine(facts: BrokerFacts): Omit<AuditLine, "status" | "ms"> {
    const { tenant, key, sandboxId, repository, service, refs, refused, operationRequestId, bytesOut } = facts;
    return {
      ...(tenant !== undefined && { tenant }),
      ...(key !== undefined && { key }),
      what: service ?? "unknown",
      ...(repository !== undefined && { repository }),
      ...(sandboxId !== undefined && { sandbox_id: sandboxId }),
      ...(operationRequestId !== undefined && { operation_request_id: operationRequestId }),
      ...refsOf(refs),
      verdict: refused === undefined ? "allowed" : "refused",
      ...(refused !== undefined && { code: refused }),
      ...lengthOf(this.#c.req.raw.headers),
      ...(bytesOut !== undefined && { bytes_out: bytesOut }),
    };
  }

  #write(of: "operation" | "broker" | "request", line: AuditLine, thrown: unknown): void {
    const isUnexpected = line.code === "internal" && thrown !== undefined;
    const error = isUnexpected ? { level: "error", error: toldBy(thrown, strictRedactorOf(this.#c)) } : {};
    if (typeof thrown === "object" && thrown !== null) this.#told.add(thrown);
    const head = { event: "audit", of, time: new Date().toISOString(), request_id: requestIdOf(this.#c.req.raw) };
    const ms = line.ms === undefined ? {} : { ms: Math.round(line.ms * 10) / 10 };
    writeLine(isUnexpected ? "error" : "log", { ...head, ...line, ...ms, ...error }, redactorOf(this.#c));
  }

  #hasTold(thrown: unknown): boolean {
    return typeof thrown === "object" && thrown !== null && this.#told.has(thrown);
  }
}

/** Returns the announced length of the body. Bodies stream, so other lengths are not counted. */
function lengthOf(headers: Headers): { bytes_in?: number } {
  const text = headers.get("Content-Length") ?? "";
  return /^\d{1,15}$/.test(text) ? { bytes_in: Number(text) } : {};
}
