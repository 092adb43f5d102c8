import { makeRepository } from "../../../scripts/sample-remote/repositories.ts";
import { type GitServer, startGitServer } from "../../../scripts/sample-remote/server.ts";
import { leaseKey, LeaseHolder } from "../../../scripts/harness/lease-holder.ts";
import { type Stack, startStack } from "../../../scripts/harness/stack.ts";
import { newKey, newSigningKey } from "../../../scripts/support/api-key.ts";
import { Cleanups } from "../../../scripts/support/cleanups.ts";
import type { CallOptions } from "../../../scripts/support/client.ts";
import { spied } from "../../support/stolen.ts";
import { call, remoteGit } from "../../support/worker.ts";

const TOKEN = "tok_2f9ad07c61b8e354";

/** Operations whose leases differ. */
export const THIEVES_CHOICE = ["pull", "push", "push to", "tag", "delete"] as const;
export type Stolen = Readonly<Record<(typeof THIEVES_CHOICE)[number], string>>;

/** Two tenants, each with a repository, two git hosts, and leases stolen from operations of the first tenant. */
export interface LeaseScene {
  readonly stack: Stack;
  readonly other: GitServer;
  readonly stolen: Stolen;
  /** Makes leases with the Worker's own key. */
  readonly holder: LeaseHolder;
  /** A commit of the remote. */
  readonly commit: string;
  /** Returns every ref of every repository. */
  refs(): string;
  close(): Promise<void>;
}

export const REPOSITORIES = { own: "private", anothers: "other" } as const;

export async function startLeaseScene(): Promise<LeaseScene> {
  const cleanups = new Cleanups();
  try {
    const key = leaseKey();
    const [mine, theirs] = [newKey("mine"), newKey("theirs")];
    const auth = { repositories: Object.values(REPOSITORIES), tokens: { "x-access-token": TOKEN } };
    const closed = { OPERATOR_KEY: newKey("operator").key, METRICS_KEY: newKey("metrics").key };
    const { key: SIGNING_KEY } = await newSigningKey();
    const bindings = { LEASE_KEY: key.setting, SIGNING_KEY, API_KEYS: `${mine.entry},${theirs.entry}`, ...closed };
    const stack = await startStack({ remoteAuth: auth, bindings });
    cleanups.add(() => stack.close());
    const other = await startGitServer({ root: stack.git.root, auth });
    cleanups.add(() => other.close());
    for (const name of auth.repositories) await makeRepository(stack.git.root, name, { files: 5, commits: 3 });
    const as = (apiKey: string): CallOptions => ({ key: apiKey, headers: { "X-Git-Token": TOKEN } });
    await call(stack, "clone", { repo_url: `${stack.git.url}/${REPOSITORIES.anothers}.git` }, as(theirs.key));
    const own = REPOSITORIES.own;
    const holder = new LeaseHolder({
      worker: stack.url,
      host: stack.git.url,
      key: key.bytes,
      refs: [{ ref: "refs/heads/*", may: "write" }],
      authorization: `Basic ${btoa(`x-access-token:${TOKEN}`)}`,
    });
    const stolen = await steal(stack, as(mine.key));
    remoteGit(stack, own, "tag", "there", "main~1");
    const refs = () => auth.repositories.map((name) => remoteGit(stack, name, "for-each-ref")).join("\n");
    return {
      stack,
      other,
      stolen,
      holder,
      commit: remoteGit(stack, own, "rev-parse", "main~1"),
      refs,
      close: () => cleanups.run(),
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

async function steal(stack: Stack, options: CallOptions): Promise<Stolen> {
  const clone = { repo_url: `${stack.git.url}/${REPOSITORIES.own}.git`, agent_id: "ada", task_id: "robbed" };
  const { sandbox_id } = await call(stack, "clone", clone, options);
  const from = async (operation: string, input: object) => {
    const { lease } = await spied(stack, () => call(stack, operation, { sandbox_id, ...input }, options));
    if (lease === undefined) throw new Error(`${operation} showed no lease`);
    return lease;
  };
  const edited = (content: string) =>
    call(stack, "edit", { sandbox_id, files: [{ path: "new.txt", content }] }, options);
  await edited("a\n");
  const push = await from("push", { message: "a" });
  await call(stack, "branch", { sandbox_id, name: "named", create: true }, options);
  await edited("b\n");
  const pushTo = await from("push", { message: "b", to: "named" });
  await call(stack, "branch", { sandbox_id, name: "agent/ada/robbed" }, options);
  return {
    pull: await from("pull", {}),
    push,
    "push to": pushTo,
    tag: await from("tag", { name: "mine", push: true }),
    delete: await from("branch", { name: "named", delete: true }),
  };
}
