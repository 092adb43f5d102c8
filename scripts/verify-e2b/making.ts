import { envdHas } from "../../src/e2b/envd-version.ts";
import { sandboxSession } from "../../src/e2b/schema.ts";
import { heldIf, notOffered } from "../verification/check.ts";
import type { Finding, Theme } from "../verification/check.ts";
import { SANDBOX_TIMEOUT_S } from "./scene.ts";
import type { Wire } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

const NO_ROUTE = new Set([404, 405]);

export const making: Theme<E2bScene> = {
  name: "making sandboxes",
  checks: [
    {
      name: "create, v2",
      expects: "201 with an id, envd's version and, without being asked to be secure, an access token",
      look: (scene) => made(scene, "/v2/sandboxes", {}),
    },
    {
      name: "create, v1",
      expects: "the same for {secure: true}: what is called where there is no v2",
      look: (scene) => made(scene, "/sandboxes", { secure: true }),
    },
    {
      name: "envd's version",
      expects: "three numbers; 0.5.7 or newer takes a file's bytes as they are, and CloseStdin",
      look: async (scene) => {
        const { envdVersion } = await scene.shared();
        if (!/^v?\d+\.\d+\.\d+/.test(envdVersion)) return heldIf(false, `cannot be read: ${envdVersion}`);
        const isNew = envdHas("plainUpload", envdVersion) && envdHas("closeStdin", envdVersion);
        if (!isNew && envdHas("processes", envdVersion)) return notOffered(`${envdVersion}: files go as forms, whole`);
        return heldIf(isNew, envdVersion);
      },
    },
    {
      name: "environment",
      expects: "envVars of a creation reach every process",
      look: (scene) =>
        scene.within({ envs: { WARMTREE_VERIFY: "it's ü" } }, async (session) => {
          const value = await scene.output(session, 'printf %s "$WARMTREE_VERIFY"');
          return heldIf(value === "it's ü", value === "" ? "not set" : `set to ${value}`);
        }),
    },
    {
      name: "user and home",
      expects: "who names no user is `user`, at home in /home/user",
      look: async (scene) => {
        const user = await scene.output(await scene.shared(), 'echo "$(id -un), $HOME, $PWD"');
        return heldIf(user === "user, /home/user, /home/user", user);
      },
    },
  ],
};

async function made(scene: E2bScene, path: string, more: object): Promise<Finding> {
  scene.count();
  const body = { templateID: scene.template, timeout: SANDBOX_TIMEOUT_S, metadata: scene.mark, autoPause: false };
  const answer = await scene.control("POST", path, { ...body, ...more });
  if (NO_ROUTE.has(answer.status)) return notOffered(`${answer.status}: no such route, or no such template`);
  const session = sandboxSession.safeParse(answer.json).data;
  if (session) await scene.plane.kill(session.sandboxId);
  return heldIf(answer.status === 201 && session?.accessToken !== undefined, told(answer, session));
}

function told({ status }: Wire, session: ReturnType<typeof sandboxSession.parse> | undefined): string {
  if (!session) return `${status}, not of the expected shape`;
  const token = session.accessToken === undefined ? "no token" : "a token";
  return `${status}, envd ${session.envdVersion}, ${token}, ${session.domain === undefined ? "no domain" : "a domain"}`;
}
