import { WarmtreeError } from "../errors.ts";
import { parseRepository } from "../remote/address.ts";
import type { Remote } from "../remote/types.ts";
import type { BrokerFacts, BrokerRefusal, Note } from "./facts.ts";
import { type GitService, type Lease, openLease, SERVICES } from "./lease.ts";
import { answerPush } from "./push.ts";
import { answerSigning, CANNOT_SIGN, SIGN_PATH, type SigningSettings } from "./sign.ts";
import { answerOf, spoken } from "./upstream.ts";

/** Settings that the broker needs. */
export interface BrokerSettings extends SigningSettings {
  readonly leaseKeys: readonly Uint8Array[];
  readonly allowedGitHosts: readonly string[];
}

/** `/broker/<host>/<path>.git/<what>`; the path is that of Repository.key. */
const PATH = /^\/broker\/(?<repository>.+)\.git\/(?<what>info\/refs|git-upload-pack|git-receive-pack|info\/lfs\/.+)$/;
const BEARER = /^Bearer ([\w.-]+)$/;

const NO_LFS = { message: "Git LFS is not served here: its files stay the pointers that are in the repository." };

const BAD_LEASE = {
  invalid: "The broker takes a lease, and this is none of its own.",
  expired: "The lease has expired: each operation gets its own.",
};

/** A request in git's smart HTTP protocol: `info/refs`, or one of the two services. */
interface GitRequest {
  readonly repository: string;
  readonly service: GitService;
  readonly isQuestion: boolean;
}

/** Answers a request of git in a sandbox, if its lease allows it. Errors are text, which git prints. */
export async function brokered(
  request: Request,
  settings: BrokerSettings,
  note: Note = () => undefined,
): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === SIGN_PATH) return signed(request, settings, note);
  const { repository, what } = PATH.exec(decoded(pathname))?.groups ?? {};
  if (repository === undefined || what === undefined) return unknown("The broker serves git repositories only.", note);
  if (what.startsWith("info/lfs/")) return noLfs(note);
  const asked = gitRequest(request.method, repository, what, searchParams.get("service") ?? "");
  if (asked === undefined) return unknown("The broker serves git's smart HTTP protocol only.", note);
  note({ service: asked.service });
  const lease = await leaseOf(request, settings, note);
  return typeof lease === "string" ? spoken(403, lease) : answer(request, asked, lease, settings, note);
}

/** Returns the lease of a request, or the reason why it has none. */
async function leaseOf({ headers }: Request, { leaseKeys }: BrokerSettings, note: Note): Promise<Lease | string> {
  const [, sealed = ""] = BEARER.exec(headers.get("Authorization") ?? "") ?? [];
  const lease = await openLease(sealed, leaseKeys, Date.now());
  if (lease === "invalid" || lease === "expired") {
    note({ refused: `lease_${lease}` });
    return BAD_LEASE[lease];
  }
  note(factsOf(lease));
  return lease;
}

async function signed(request: Request, settings: BrokerSettings, note: Note = () => undefined): Promise<Response> {
  if (request.method !== "POST") return unknown("The broker signs payloads sent by POST.", note);
  note({ service: "sign" });
  const lease = await leaseOf(request, settings, note);
  if (typeof lease === "string") return spoken(403, `${CANNOT_SIGN}${lease}`);
  if (!lease.services.includes("sign")) {
    note({ refused: "service_not_allowed" });
    return spoken(403, `${CANNOT_SIGN}this operation makes no commits`);
  }
  const answered = await answerSigning(request.body, settings, Date.now());
  if (!answered.ok) note({ refused: "not_signed" });
  return answered;
}

function unknown(words: string, note: Note): Response {
  note({ refused: "not_understood" });
  return spoken(404, words);
}

/** Refuses a request of Git LFS, in the error format of git-lfs (its docs/api/batch.md). */
function noLfs(note: Note): Response {
  note({ refused: "not_understood" });
  const headers = { "Content-Type": "application/vnd.git-lfs+json", "Cache-Control": "no-store" };
  return Response.json(NO_LFS, { status: 501, headers });
}

function factsOf({ tenant, key, request_id, sandbox_id, repository }: Lease): BrokerFacts {
  return {
    tenant,
    ...(key !== undefined && { key }),
    ...(request_id !== undefined && { operationRequestId: request_id }),
    sandboxId: sandbox_id,
    repository,
  };
}

async function answer(
  request: Request,
  asked: GitRequest,
  lease: Lease,
  settings: BrokerSettings,
  note: Note,
): Promise<Response> {
  const refusal = refusalOf(asked, lease, settings);
  if (refusal !== undefined) {
    await request.body?.cancel();
    note({ refused: refusal.code });
    return spoken(403, refusal.words);
  }
  const { url, authorization, refs } = lease;
  const remote: Remote = { url, ...(authorization === undefined ? {} : { authorization }) };
  const { headers, signal, body } = request;
  const { service, isQuestion } = asked;
  const common = { headers, signal, note };
  if (isQuestion) return answerOf(remote, { path: `info/refs?service=${service}`, method: "GET", ...common });
  const sent = { path: service, method: "POST", body, ...common } as const;
  return service === "git-upload-pack" ? answerOf(remote, sent) : answerPush(remote, refs, sent, settings);
}

function refusalOf(
  { repository, service }: GitRequest,
  lease: Lease,
  settings: BrokerSettings,
): { readonly code: BrokerRefusal; readonly words: string } | undefined {
  if (repository !== lease.repository) {
    return { code: "other_repository", words: "The lease is for another repository." };
  }
  if (!lease.services.includes(service)) {
    const words =
      "The lease of this operation does not allow a push: push, tag {push: true} and branch {delete: true} do.";
    return { code: "service_not_allowed", words };
  }
  try {
    parseRepository(lease.url, settings.allowedGitHosts);
  } catch (error) {
    if (error instanceof WarmtreeError) return { code: "host_not_allowed", words: error.message };
    throw error;
  }
  return undefined;
}

function gitRequest(method: string, repository: string, what: string, asked: string): GitRequest | undefined {
  const isQuestion = what === "info/refs";
  const service = SERVICES.find((name) => name === (isQuestion ? asked : what));
  if (service === undefined || method !== (isQuestion ? "GET" : "POST")) return undefined;
  return { repository, service, isQuestion };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}
