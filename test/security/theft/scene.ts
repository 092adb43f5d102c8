import { randomBytes } from "node:crypto";
import { makeRepository } from "../../../scripts/sample-remote/repositories.ts";
import { type Stack, startStack } from "../../../scripts/harness/stack.ts";
import { type Answer, callOperation, DEV_KEY } from "../../../scripts/support/client.ts";
import { newSigningKey } from "../../../scripts/support/api-key.ts";
import { Cleanups } from "../../../scripts/support/cleanups.ts";
import { tracesOf } from "../../support/token-forms.ts";
import { startWire } from "./wire.ts";

/** Whether a text holds the credential, in any form in which programs write it. */
type Finder = (text: string) => boolean;

/** A whole stack with the broker, a repository that requires a credential, and one that does not. */
export interface Scene {
  readonly stack: Stack;
  readonly token: string;
  readonly holdsToken: Finder;
  /** Number of pieces between sandboxes and the broker that hold the credential, or a lease. */
  readonly wire: { readonly credentials: number; readonly leases: number };
  /** The answers to callers, and the Worker's log. */
  readonly answers: string[];
  readonly log: string[];
  /** Address of the repository that requires the credential. */
  readonly repo_url: string;
  /** Calls an operation with the credential. */
  call(operation: string, input: object): Promise<Answer>;
  send(method: string, path: string, body?: object): Promise<Response>;
  close(): Promise<void>;
}

/** The start of every lease's Authorization header. */
export const LEASE = "Bearer eyJ";
/** The start of every lease: its header, which is the same for all. */
export const LEASE_HEAD = Buffer.from('{"alg":"dir"').toString("base64url").slice(0, -1);

const REPOSITORY = { files: 8, commits: 12 } as const;

export const newToken = () => `tok_${randomBytes(18).toString("hex")}`;

export function finderOf(token: string): Finder {
  const traces = tracesOf(token);
  return (text) => traces.some((trace) => text.includes(trace));
}

export async function startScene(): Promise<Scene> {
  const cleanups = new Cleanups();
  const token = newToken();
  const [answers, log]: [string[], string[]] = [[], []];
  const wire = { credentials: 0, leases: 0 };
  const holdsToken = finderOf(token);
  try {
    const between = await startWire((text) => {
      if (holdsToken(text)) wire.credentials += 1;
      if (text.includes(LEASE)) wire.leases += 1;
    });
    cleanups.add(() => between.close());
    const stack = await startStack({
      remoteAuth: { repositories: ["private"], tokens: { "x-access-token": token } },
      // The worst case: in a sealed sandbox, a listener could not be reached.
      bindings: { PUBLIC_URL: between.url, SANDBOX_EGRESS: "open", SIGNING_KEY: (await newSigningKey()).key },
      log: (line) => log.push(line),
    });
    between.lead(stack.url);
    cleanups.add(() => stack.close());
    for (const name of ["private", "open"]) await makeRepository(stack.git.root, name, REPOSITORY);
    const own = { "X-Git-Token": token };
    return {
      stack,
      token,
      holdsToken,
      wire,
      answers,
      log,
      repo_url: `${stack.git.url}/private.git`,
      call: async (operation, input) => {
        const answer = await callOperation(stack.url, operation, input, { headers: own });
        answers.push(`${JSON.stringify([...answer.headers])} ${JSON.stringify(answer.json)}`);
        return answer;
      },
      send: async (method, path, body) => {
        const type = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
        const headers = { Authorization: `Bearer ${DEV_KEY}`, ...own, ...type };
        const answer = await fetch(stack.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        answers.push(`${JSON.stringify([...answer.headers])} ${await answer.clone().text()}`);
        return answer;
      },
      close: () => cleanups.run(),
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}
