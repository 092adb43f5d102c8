import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type CallOptions, callOperation } from "../../scripts/support/client.ts";
import type { Stack } from "../../scripts/support/stack.ts";

/** JSON of an answer, as tests look at it. */
export type Json = Record<string, unknown> & { sandbox_id: string };

/** Calls an operation; anything but success throws with the whole problem. */
export async function call(stack: Stack, operation: string, body: object, options?: CallOptions): Promise<Json> {
  const { status, json } = await callOperation(stack.url, operation, body, options);
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(json)}`);
  // The operation's own schema is held against results in test/ops.
  return json as Json;
}

/** Plain git in a bare repository of the remote. */
export const remoteGit = (stack: Stack, repository: string, ...args: string[]): string =>
  execFileSync("git", ["-C", join(stack.git.root, `${repository}.git`), ...args], { encoding: "utf8" }).trimEnd();

interface HostedSandbox {
  readonly sandboxID: string;
  readonly state: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tree: string;
}

/** Every sandbox that the host has, as it sees them. */
export async function hostedSandboxes(stack: Stack): Promise<HostedSandbox[]> {
  const answer = await fetch(`${stack.host.url}/_local/sandboxes`);
  return (await answer.json()) as HostedSandbox[];
}
