import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod/v4";
import { type CallOptions, callOperation } from "../../scripts/support/client.ts";
import type { Stack } from "../../scripts/harness/stack.ts";

/** The members that every result has; sandbox_id is clone's. test/ops checks each operation's own schema. */
const result = z.looseObject({ sandbox_id: z.string().default("") });
export type Result = z.output<typeof result>;

/** Calls an operation; throws with the whole problem on anything but success. */
export async function call(stack: Stack, operation: string, body: object, options?: CallOptions): Promise<Result> {
  const { status, json } = await callOperation(stack.url, operation, body, options);
  if (status !== 200) throw new Error(`${operation} answered ${status}: ${JSON.stringify(json)}`);
  return result.parse(json);
}

/** Runs plain git in a bare repository of the remote. */
export const remoteGit = (stack: Stack, repository: string, ...args: string[]): string =>
  execFileSync("git", ["-C", join(stack.git.root, `${repository}.git`), ...args], { encoding: "utf8" }).trimEnd();

const hostedSandbox = z.object({
  sandboxID: z.string(),
  state: z.string(),
  metadata: z.record(z.string(), z.string()),
  tree: z.string(),
});

/** Returns every sandbox of the host, as the host sees it. */
export async function hostedSandboxes(stack: Stack): Promise<z.output<typeof hostedSandbox>[]> {
  const answer = await fetch(`${stack.host.url}/_local/sandboxes`);
  return z.array(hostedSandbox).parse(await answer.json());
}
