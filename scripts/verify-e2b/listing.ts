import { sandboxList } from "../../src/e2b/schema.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { refusalOf } from "./answers.ts";
import type { E2bScene } from "./scene.ts";

/** A value with characters that a filter must encode. */
const ODD = "a b&c=d%e+f/ü,g";
const RUNNING: ["running"] = ["running"];
const BOTH: ["running", "paused"] = ["running", "paused"];

export const listing: Theme<E2bScene> = {
  name: "looking",
  checks: [
    {
      name: "get",
      expects: "state running, its metadata, start and end, and the access token of its making",
      look: (scene) =>
        scene.within({ metadata: { odd: ODD } }, async (session) => {
          const { state, metadata, accessToken, startedAtMs, endAtMs } = await scene.plane.get(session.sandboxId);
          const hasToken = accessToken === session.accessToken;
          const isWhole = state === "running" && metadata["odd"] === ODD && endAtMs > startedAtMs;
          return heldIf(
            isWhole && hasToken,
            `${state}, metadata ${metadata["odd"]}, ${hasToken ? "same" : "another"} token`,
          );
        }),
    },
    {
      name: "list by metadata",
      expects: "who carries all that is asked for, and nobody else; any character may be in it",
      look: (scene) =>
        scene.within({ metadata: { odd: ODD } }, async ({ sandboxId }) => {
          const find = async (odd: string) =>
            (await scene.plane.list({ metadata: { ...scene.mark, odd }, states: RUNNING })).map(
              (each) => each.sandboxId,
            );
          const [found, others] = [await find(ODD), await find("a b&c=d%e+f/ü,h")];
          const isFound = found.length === 1 && found[0] === sandboxId;
          return heldIf(isFound && others.length === 0, `${found.length} found, ${others.length} of another value`);
        }),
    },
    {
      name: "pages",
      expects: "X-Next-Token leads to the next page, latest first; the last page has none",
      look: (scene) =>
        scene.within({ metadata: { paged: "yes" } }, (older) =>
          scene.within({ metadata: { paged: "yes" } }, async (newer) => {
            const metadata = { ...scene.mark, paged: "yes" };
            const filter = new URLSearchParams({ limit: "1", metadata: new URLSearchParams(metadata).toString() });
            const page = async (token?: string) => {
              if (token !== undefined) filter.set("nextToken", token);
              const answer = await scene.control("GET", `/v2/sandboxes?${filter.toString()}&state=running,paused`);
              const ids = sandboxList.parse(answer.json).map(({ sandboxId }) => sandboxId);
              return { ids, next: answer.headers.get("x-next-token") ?? "" };
            };
            const first = await page();
            const second = first.next === "" ? { ids: [], next: "none" } : await page(first.next);
            const whole = await scene.plane.list({ metadata, states: BOTH });
            const isInOrder = first.ids[0] === newer.sandboxId && second.ids[0] === older.sandboxId;
            const told = [first, second].map(
              ({ ids, next }) => `${ids.length} and ${next === "" ? "no token" : "a token"}`,
            );
            return heldIf(
              isInOrder && second.next === "" && whole.length === 2,
              `${told.join(", then ")}; ${whole.length} in all`,
            );
          }),
        ),
    },
    {
      name: "what is gone",
      expects: "kill answers it is ended, then that it was gone; get, connect: 404; it is listed no more",
      look: async (scene) => {
        const { sandboxId } = await scene.open({ metadata: { gone: "yes" } });
        const [first, second] = [await scene.plane.kill(sandboxId), await scene.plane.kill(sandboxId)];
        const got = await refusalOf(scene.plane.get(sandboxId));
        const connected = await refusalOf(scene.plane.connect(sandboxId, 60));
        const listed = await scene.plane.list({ metadata: { ...scene.mark, gone: "yes" }, states: BOTH });
        const isGone = got.code === "not_found" && connected.code === "not_found" && listed.length === 0;
        return heldIf(
          first && !second && isGone,
          `kill ${first}, then ${second}; get ${got.status}, connect ${connected.status}; ${listed.length} listed`,
        );
      },
    },
  ],
};
