import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ConnectError } from "../connect/error.ts";
import { SANDBOX_USERS, type SandboxUser } from "../machine/machine.ts";
import type { Sandbox } from "../state/sandbox.ts";

export function hasToken(request: IncomingMessage, sandbox: Sandbox): boolean {
  const token = request.headers["x-access-token"];
  return typeof token === "string" && sameText(token, sandbox.accessToken);
}

/** Returns the user of an RPC, which Basic auth names without a password. @throws ConnectError unauthenticated */
export function rpcUser(request: IncomingMessage, sandbox: Sandbox): SandboxUser {
  const header = request.headers.authorization;
  if (header === undefined || !/^Basic /i.test(header)) return sandbox.spec.image.user;
  const decoded = Buffer.from(header.slice("Basic ".length), "base64").toString("utf8");
  const name = decoded.split(":", 1)[0] ?? "";
  const user = knownUser(name);
  if (user === undefined) throw new ConnectError("unauthenticated", `invalid username: '${name}'`);
  return user;
}

export function knownUser(name: string): SandboxUser | undefined {
  return SANDBOX_USERS.find((user) => user === name);
}

export type FileOperation = "read" | "write";

/**
 * Returns envd's signature of a file URL: `v1_` and the unpadded base64 SHA-256 of `path:operation:username:token`,
 * with `:expiration` added if there is one. Path and user name are exactly as in the query, empty if absent.
 */
function sign(query: URLSearchParams, operation: FileOperation, token: string): string {
  const parts = [query.get("path") ?? "", operation, query.get("username") ?? "", token];
  const expiration = query.get("signature_expiration");
  if (expiration !== null) parts.push(expiration);
  return `v1_${createHash("sha256").update(parts.join(":")).digest("base64").replace(/=+$/, "")}`;
}

/** Returns the reason to refuse a file call; undefined if it is allowed. */
export function refuseFile(
  request: IncomingMessage,
  url: URL,
  operation: FileOperation,
  token: string,
): string | undefined {
  const header = request.headers["x-access-token"];
  if (typeof header === "string") {
    return sameText(header, token) ? undefined : "access token present in header but does not match";
  }
  const signature = url.searchParams.get("signature");
  if (signature === null) return "missing signature query parameter";
  if (!sameText(signature, sign(url.searchParams, operation, token))) return "invalid signature";
  const expiration = url.searchParams.get("signature_expiration");
  return expiration !== null && Number(expiration) < Date.now() / 1000 ? "signature is already expired" : undefined;
}

/** Compares two texts in a time that does not show how many bytes match. */
export function sameText(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
