import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "../../scripts/harness/stack.ts";
import { DEV_KEY } from "../../scripts/support/client.ts";
import { act, lifecycle } from "./act.ts";
import { LOOK, type Violation } from "./deed.ts";
import { knownOf, nameOf } from "./known.ts";
import { personDoes } from "./person.ts";
import { settle } from "./settle.ts";
import type { Special, Step, Walk } from "./steps.ts";
import { makeWorld, type World } from "./world.ts";

export interface Found extends Violation {
  /** Number of steps taken until then, this one included. */
  readonly taken: number;
}

export interface Played {
  /** Unknown violations; empty if all promises are kept. */
  readonly found: readonly Found[];
  readonly trace: readonly string[];
}

interface How extends Pick<World, "tally" | "isThorough"> {
  /** Ends the walk when this violation is found, and ignores all others. */
  readonly sought?: Pick<Violation, "rule" | "operation">;
}

const isAlike = (one: Pick<Violation, "rule" | "operation">, other: Pick<Violation, "rule" | "operation">) =>
  one.rule === other.rule && one.operation === other.operation;

/**
 * Plays a walk until its end, or until a violation; a wrong answer does no harm, so the walk continues after it. Each
 * walk has its own `name`.
 */
export async function play(stack: Stack, walk: Walk, name: string, folder: string, how: How): Promise<Played> {
  const { tally, sought } = how;
  const world = await makeWorld(stack, name, walk, join(folder, name), how);
  const all: Found[] = [];
  try {
    for (const [at, step] of walk.steps.entries()) {
      world.turn = at;
      tally.steps += 1;
      const found = (await take(world, step)).filter((one) => sought === undefined || isAlike(one, sought));
      for (const one of found) {
        const known = knownOf(one);
        if (known) tally.knownOne(nameOf(known));
      }
      // Of a step's violations, the first says most; wrong answers count one by one.
      const done = found.find(({ operation }) => sought !== undefined || operation !== LOOK);
      const unknown = found.filter((one) => !knownOf(one) && (one === done || one.operation === LOOK));
      for (const one of unknown) if (!all.some((other) => isAlike(one, other))) all.push({ ...one, taken: at + 1 });
      if (done) break;
    }
    return { found: all, trace: world.trace };
  } finally {
    tally.walks += 1;
    for (const nth of world.workspaces.keys()) await lifecycle(world, nth, "end");
    await rm(world.folder, { recursive: true, force: true });
    await rm(world.bare, { recursive: true, force: true });
  }
}

async function take(world: World, step: Step): Promise<readonly Violation[]> {
  if (step.by === "person") {
    await personDoes(world, step);
    return [];
  }
  if ("special" in step) return takeSpecial(world, step.workspace, step.special);
  if (step.operation !== "clone" && !world.workspaces.has(step.workspace)) return [];
  return (await act(world, step.workspace, step.operation, step.body)).violations;
}

async function takeSpecial(world: World, nth: number, special: Special): Promise<readonly Violation[]> {
  if (special.kind === "snapshot") return snapshot(world);
  const workspace = world.workspaces.get(nth);
  if (!workspace) return [];
  switch (special.kind) {
    case "pause":
    case "resume": {
      const status = await lifecycle(world, nth, special.kind);
      world.tally.operation(special.kind, String(status));
      return status < 400 ? [] : [{ rule: "lifecycle-refused", operation: special.kind, detail: `HTTP ${status}` }];
    }
    case "line": {
      const file = workspace.look?.files.get(special.path);
      if (file?.kind !== "file") return [];
      const lines = file.bytes.toString().split("\n");
      lines[special.line] = special.text;
      return (await act(world, nth, "edit", { files: [{ path: special.path, content: lines.join("\n") }] })).violations;
    }
    case "settle":
      return settle(world, nth, workspace, special);
  }
}

async function snapshot({ stack, name, trace, tally }: World): Promise<readonly Violation[]> {
  const headers = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ repo_url: `${stack.git.url}/${name}.git` });
  const { status } = await fetch(`${stack.url}/v1/snapshots`, { method: "POST", headers, body });
  tally.operation("snapshot", String(status));
  trace.push(
    `curl -sS "$URL/v1/snapshots" -H 'Authorization: Bearer dev' -H 'Content-Type: application/json' -d '{"repo_url":"'"$REPO"'"}'   # -> ${status}`,
  );
  return [];
}
