import * as z from "zod/v4";
import { E2bError } from "../../src/e2b/error.ts";
import { heldIf, notOffered } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import type { E2bScene } from "./scene.ts";

/** The check only shows that OTHER is not reached; ALLOWED gets no request. */
const [ALLOWED, OTHER, OTHER_NAME] = ["warmtree.example", "1.1.1.1", "another.example"];
const NOT_IMPLEMENTED = 501;
const PATIENCE_S = 5;
/** Prints the number of bytes that a program gets from another address, and from there under another name. */
const LOOK_OUT = `for name in ${OTHER} ${OTHER_NAME}; do
  timeout ${PATIENCE_S} bash -c 'exec 3<>/dev/tcp/${OTHER}/80 && printf "GET / HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n" "$0" >&3 && head -c 1 <&3' $name 2>/dev/null
done | wc -c`;
const detail = z.object({ network: z.object({ allowOut: z.array(z.string()), denyOut: z.array(z.string()) }) });

export const sealing: Theme<E2bScene> = {
  name: "sealing",
  checks: [
    {
      name: "one host alone",
      expects: "network rules of a creation let out to no other host; get tells them; they stay over a pause",
      look: async (scene) => {
        try {
          return await scene.within({ sealedTo: ALLOWED }, async (session) => {
            const first = await lookOut(scene, session);
            await scene.plane.pause(session.sandboxId);
            const second = await lookOut(scene, await scene.plane.connect(session.sandboxId, 200));
            return heldIf(first === SEALED && second === SEALED, `${first}; after a pause: ${second}`);
          });
        } catch (error) {
          if (!(error instanceof E2bError) || error.status !== NOT_IMPLEMENTED) throw error;
          return notOffered(`${NOT_IMPLEMENTED}: SANDBOX_EGRESS has to be open`);
        }
      },
    },
  ],
};

const SEALED = `0 bytes from elsewhere, out to ${ALLOWED}, not to 0.0.0.0/0`;

async function lookOut(scene: E2bScene, session: Parameters<E2bScene["output"]>[0]): Promise<string> {
  const bytes = await scene.output(session, LOOK_OUT);
  const { json } = await scene.control("GET", `/sandboxes/${session.sandboxId}`);
  const told = detail.safeParse(json).data?.network;
  const rules = told === undefined ? "no rules told" : `out to ${told.allowOut.join()}, not to ${told.denyOut.join()}`;
  return `${bytes} bytes from elsewhere, ${rules}`;
}
