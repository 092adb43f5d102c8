import * as z from "zod/v4";
import { E2bError } from "../../src/e2b/error.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { errorBody } from "../../src/e2b/schema.ts";
import type { SandboxSession } from "../../src/e2b/schema.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import { refusalOf, saidBy, wireOf } from "./answers.ts";
import type { E2bScene } from "./scene.ts";
import { envd, startCall } from "./wire.ts";

/** A port on which no process listens. */
const NO_SERVER = "9";
/** E2B's proxy may learn of a sandbox's end a moment later. */
const KNOWN_WITHIN_MS = 10_000;

export const reaching: Theme<E2bScene> = {
  name: "reaching a sandbox",
  checks: [
    {
      name: "health",
      expects: "2xx at the address for all sandboxes, told apart by E2b-Sandbox-Id and -Port",
      look: async (scene) => {
        const { status } = await envd(scene, await scene.shared(), "/health", { method: "GET" });
        return heldIf(status >= 200 && status < 300, String(status));
      },
    },
    {
      name: "access token",
      expects: "401 for a process without the token, and with another's; 200 with it",
      look: async (scene) => {
        const session = await scene.shared();
        const statuses: number[] = [];
        for (const token of ["", "another-token", session.accessToken ?? ""]) {
          const response = await startCall(scene, session, "true", { "x-access-token": token });
          statuses.push(response.status);
          await response.text();
        }
        return heldIf(statuses.join() === "401,401,200", statuses.join(", "));
      },
    },
    {
      name: "paused",
      expects: "502 that names the sandbox and no port: not_running",
      look: (scene) =>
        scene.within({}, async (session) => {
          await scene.plane.pause(session.sandboxId);
          return gone(scene, session);
        }),
    },
    {
      name: "killed",
      expects: "502 that names the sandbox and no port: not_running",
      look: async (scene) => {
        const session = await scene.open();
        await scene.plane.kill(session.sandboxId);
        return gone(scene, session);
      },
    },
    {
      name: "no server at a port",
      expects: "502 that names the port: the sandbox runs",
      look: async (scene) => {
        const headers = { "e2b-sandbox-port": NO_SERVER };
        const { status, json } = await wireOf(await envd(scene, await scene.shared(), "/", { method: "GET", headers }));
        const body = errorBody.safeParse(json).data;
        const told = body === undefined ? "no error body" : body.port === undefined ? "no port" : "the port";
        return heldIf(status === 502 && body?.port !== undefined, `${status} with ${told}`);
      },
    },
    {
      name: "no such folder",
      expects: "a process that cannot start there is refused, in words that say that nothing was started",
      look: async (scene) => {
        const request = { cmd: "/bin/true", args: [], envs: {}, cwd: "/none", timeoutMs: 10_000, maxOutputBytes: 1024 };
        const refusal = await refusalOf(runProcess(scene.config, await scene.shared(), request, scene.fetcher));
        return heldIf(refusal.code === "invalid_request" && !refusal.started, saidBy(refusal));
      },
    },
  ],
};

async function gone(scene: E2bScene, session: SandboxSession) {
  const ask = () =>
    scene.run(session, "true").then(
      () => "it ran",
      (error: unknown) => error,
    );
  const isKnown = (answer: unknown) => answer instanceof E2bError && answer.code === "not_running";
  const answer = await polled(ask, isKnown, KNOWN_WITHIN_MS);
  return heldIf(
    isKnown(answer),
    answer instanceof E2bError ? saidBy(answer) : z.string().catch("no answer").parse(answer),
  );
}
