import { inside } from "../../support/inside.ts";
import { call, remoteGit } from "../../support/worker.ts";
import { deedsDone, surroundings } from "../effects.ts";
import { HOSTILE_REPOSITORY, type HostileScene } from "../hostile-inputs.ts";
import { atBroker } from "./broker.ts";
import type { AtDoor } from "./door.ts";
import { atHeaders, atPaths, pathsOf } from "./http.ts";
import { atMessages, atTools } from "./mcp.ts";
import { atRuns } from "./runs.ts";

/** Fields of tools take turns: each value goes to every fourth field, and each field gets every fourth value. */
const TURNS = 4;
const LANES = 4;

/**
 * Sends values to every door other than the fields of an operation over HTTP, in workspaces side by side.
 * @returns the number of values sent, and the doors with a wrong answer
 */
export async function sendToDoors(
  scene: HostileScene,
  values: readonly string[],
): Promise<{ sent: number; bad: string[] }> {
  const { stack, listener } = scene;
  const repo_url = `${stack.git.url}/${HOSTILE_REPOSITORY}.git`;
  const makers = await pathsOf(stack);
  const main = remoteGit(stack, HOSTILE_REPOSITORY, "rev-parse", "main");
  const bad: string[] = [];
  const boxes: Awaited<ReturnType<typeof inside>>[] = [];
  let sent = 0;
  const waiting = values.entries();
  const lane = async (_: unknown, number: number) => {
    const { sandbox_id } = await call(stack, "clone", { repo_url, agent_id: `door-${number}`, task_id: "doors" });
    const box = await inside(stack, sandbox_id);
    boxes.push(box);
    const before = await surroundings(box);
    for (const [at, value] of waiting) {
      const doors: AtDoor[] = [
        ...atTools(stack, { sandbox_id, repo_url }, value, (field) => (field + at) % TURNS === 0),
        ...atMessages(stack, value),
        ...atRuns(stack, sandbox_id, value),
        ...atPaths(stack, makers, value),
        ...atHeaders(stack, value),
        ...(await atBroker(stack, HOSTILE_REPOSITORY, value)),
      ];
      for (const { about, send } of doors) {
        sent += 1;
        const isRight = await send().catch((error: unknown) => bad.push(`${about}: ${String(error)}`) > 0);
        if (!isRight) bad.push(about);
      }
      await call(stack, "restore", { sandbox_id, all: true });
      await call(stack, "branch", { sandbox_id, name: `agent/door-${number}/doors` });
    }
    if ((await surroundings(box)) !== before) bad.push("something around the tree is changed");
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  if (remoteGit(stack, HOSTILE_REPOSITORY, "rev-parse", "main") !== main) bad.push("main is changed");
  return { sent, bad: [...bad, ...(await deedsDone(stack, listener, boxes))] };
}
