import { expect } from "vitest";
import { workOf } from "../../src/execution/bundle.ts";
import { dispatch } from "../../src/execution/dispatch.ts";
import type { Grant } from "../../src/durable/sandboxes/grant.ts";
import { errorBody, WarmtreeError } from "../../src/errors.ts";
import { failureOf } from "../../src/ops/output/failure.ts";
import type { SandboxTask } from "../../src/ops/operation.ts";
import { assemble } from "../../src/ops/scripts/assemble.ts";
import type { Caller } from "../../src/workspace/caller.ts";
import { useWorkspace } from "../../src/workspace/grants.ts";
import { callerOf, type Pool, sql } from "./support.ts";

const pieces = (...names: readonly string[]) => names.map((name) => `. "$WT_LIB/${name}.sh"\n`).join("");

/** The smallest operation: leaves a file, or a file in a commit. The first call finds a tree that is wholly pushed. */
const leave: SandboxTask<{ readonly name: string; readonly commits: boolean }> = {
  name: "leave",
  access: "write",
  shell: "/bin/bash",
  script: assemble(`${pieces("section", "fail", "lock", "enter")}lock
save() { git commit -q --allow-empty -m "$1"; }
[ -d "$tree/.git" ] || { git init -q -b main "$tree" && cd "$tree" && save first && git update-ref refs/remotes/origin/main HEAD; } || fail git
enter
: >"$1"
if [ "$2" = true ]; then git add "$1" && save "$1" || fail git; fi
`),
  plan: ({ name, commits }) => ({ args: [name, String(commits)] }),
  parse: (result) => failureOf(result) ?? { ok: true, value: {} },
};

/** Fails unless all files that were left are there. */
const find: SandboxTask<readonly string[]> = {
  name: "find",
  access: "read",
  shell: "/bin/sh",
  script: assemble(`${pieces("section", "fail", "enter")}enter
ls -- "$@"
`),
  plan: (names) => ({ args: names }),
  parse: (result) => failureOf(result) ?? { ok: true, value: {} },
};

interface Kept {
  readonly tenant: string;
  readonly names: string[];
}

/** The work that callers were told is done, in workspaces that their owners have not ended. */
export class Work {
  readonly #kept = new Map<string, Kept>();
  readonly #ended = new Set<string>();
  #number = 0;

  /** Runs an operation of a Worker that was granted the workspace at some time. */
  async do(pool: Pool, tenant: string, grant: Grant, commits: boolean): Promise<void> {
    const { sandboxId } = grant;
    const name = `f${this.#number++}`;
    const { ok } = await dispatch(leave, { name, commits }, grant, callerOf(tenant, pool));
    if (!ok || this.#ended.has(sandboxId)) return;
    const kept = this.#kept.get(sandboxId) ?? { tenant, names: [] };
    kept.names.push(name);
    this.#kept.set(sandboxId, kept);
  }

  /** Forgets a workspace: its owner no longer wants its work, nor work by an old grant before E2B has killed it. */
  ended(sandboxId: string): void {
    this.#ended.add(sandboxId);
    this.#kept.delete(sandboxId);
  }

  workspaces(): string[] {
    return [...this.#kept.keys()];
  }

  /** Expects that no workspace with work counts as pushed, so that none is dropped unannounced. */
  async expectNotClean(pool: Pool): Promise<void> {
    const clean = await sql(pool, "SELECT sandbox_id FROM sandbox WHERE unpushed = 0 OR lost_unpushed = 0");
    expect(clean.filter(({ sandbox_id }) => this.#kept.has(String(sandbox_id)))).toEqual([]);
  }

  /** Expects all work in a sandbox that the pool gives out, or reported as lost. */
  async expectKept(pool: Pool): Promise<void> {
    for (const [sandboxId, { tenant, names }] of this.#kept) {
      // Lets the workspace before be paused, to make room.
      await sql(pool, "UPDATE sandbox SET last_used_at = last_used_at - 3000000 WHERE state = 'bound'");
      const caller = callerOf(tenant, pool);
      try {
        const found = await calledAgain(async () =>
          dispatch(find, names, await useWorkspace(caller, sandboxId), caller),
        );
        expect(found).toMatchObject({ ok: true });
      } catch (error) {
        expect(error).toMatchObject({ code: "workspace_gone", message: expect.stringContaining("is lost") });
        if (String(error).includes("was saved")) await expectSaved(caller, sandboxId, names);
      }
    }
  }
}

/** Expects the files in the work that the owner was told is saved, in the patch or in commits. */
async function expectSaved(caller: Caller, sandboxId: string, names: readonly string[]): Promise<void> {
  const { facts, body } = await workOf(caller, sandboxId);
  const text = new TextDecoder().decode(await new Response(body).bytes());
  const isPatched = (name: string) => text.includes(`diff --git a/${name} b/${name}\n`);
  if (!names.every(isPatched)) expect(facts.bundleBytes).toBeGreaterThan(0);
}

/** Calls again if the error is retryable, as callers do: another caller's operation may cut a call off. */
async function calledAgain<Answer>(call: () => Promise<Answer>, tries = 3): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (tries > 1 && error instanceof WarmtreeError && errorBody(error).retryable) return calledAgain(call, tries - 1);
    throw error;
  }
}

/** Runs work that may be cut off, as callers see it: with an error that has a code. */
export async function told(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof WarmtreeError)) throw error;
  });
}
