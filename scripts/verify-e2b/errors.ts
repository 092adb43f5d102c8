import { errorBody } from "../../src/e2b/schema.ts";
import { parseRetryAfter } from "../../src/e2b/refusal.ts";
import { heldIf, notChecked } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { refusalOf, saidBy } from "./answers.ts";
import type { Wire } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

/** A well-formed id that belongs to no sandbox. */
const NOBODY = "i00000000000000000000";
/** Messages of the account's limits on sandboxes, which come with 429 and without a time. */
const ACCOUNT_LIMIT = /concurrent E2B sandboxes|sandbox limit|concurrent template builds/i;

export const errors: Theme<E2bScene> = {
  name: "errors",
  checks: [
    {
      name: "bad key",
      expects: "401 with E2B's error body",
      look: async (scene) => {
        const answer = await scene.control("GET", "/v2/sandboxes?limit=1", undefined, `e2b_${"0".repeat(40)}`);
        return heldIf(answer.status === 401 && hasErrorBody(answer), said(answer));
      },
    },
    {
      name: "no such sandbox",
      expects: "404 with {code: 404, message}, for get, kill, pause, timeout, connect",
      look: async (scene) => {
        const path = `/sandboxes/${NOBODY}`;
        const answers = [
          await scene.control("GET", path),
          await scene.control("DELETE", path),
          await scene.control("POST", `${path}/pause`, {}),
          await scene.control("POST", `${path}/timeout`, { timeout: 60 }),
          await scene.control("POST", `/v2${path}/connect`, { timeout: 60 }),
        ];
        return heldIf(
          answers.every((answer) => answer.status === 404 && hasErrorBody(answer)),
          answers.map(said).join("; "),
        );
      },
    },
    {
      name: "no such route",
      expects: "404 or 405: by it an API without v2 is told apart",
      look: async (scene) => {
        const { status } = await scene.control("POST", "/v2/no-such-route", {});
        return heldIf(status === 404 || status === 405, String(status));
      },
    },
    {
      name: "no such template",
      expects: "a refusal that says that nothing was made: 400, 403 or 404",
      look: async (scene) => {
        const refusal = await refusalOf(scene.open({ template: `warmtree-none-${scene.nonce}` }));
        const left = await scene.plane.list({ metadata: scene.mark, states: ["running", "paused"] });
        const isRefused = [400, 403, 404].includes(refusal.status ?? 0) && !refusal.started;
        return heldIf(isRefused && left.length === 0, `${saidBy(refusal)}; ${left.length} sandboxes made`);
      },
    },
  ],
};

/** Runs last: provokes no 429, but checks all that came. */
export const limits: Theme<E2bScene> = {
  name: "limits",
  checks: [
    {
      name: "429",
      expects: "Retry-After, or the words of the account's limit",
      look: ({ refusals }) => {
        if (refusals.length === 0) return Promise.resolve(notChecked("no call was refused with 429"));
        const isClear = refusals.every(
          ({ retryAfter, text }) => parseRetryAfter(retryAfter, Date.now()) !== undefined || ACCOUNT_LIMIT.test(text),
        );
        const told = refusals.map(({ retryAfter }) => (retryAfter === null ? "no Retry-After" : `after ${retryAfter}`));
        return Promise.resolve(heldIf(isClear, `${refusals.length} came: ${[...new Set(told)].join(", ")}`));
      },
    },
    {
      name: "the end",
      expects: "all sandboxes, snapshots and templates of this run can be removed, and are listed no more",
      look: async (scene) => {
        await scene.end();
        const left = await scene.plane.list({ metadata: scene.mark, states: ["running", "paused"] });
        return heldIf(
          left.length + scene.images.size === 0,
          `${left.length} sandboxes, ${scene.images.size} images left`,
        );
      },
    },
  ],
};

function hasErrorBody({ status, json }: Wire): boolean {
  return errorBody.safeParse(json).data?.code === status;
}

const said = (answer: Wire) => `${answer.status} ${hasErrorBody(answer) ? "with" : "without"} the error body`;
