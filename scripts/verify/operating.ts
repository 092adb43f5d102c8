import type { Overview } from "../../src/metrics/overview-schema.ts";
import { status } from "../../src/ops/status.ts";
import { problemText } from "../support/client.ts";
import { heldIf } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { polled } from "../verification/run.ts";
import { limit } from "./limit.ts";
import { samplesOf, total } from "./metrics-text.ts";
import type { Sample } from "./metrics-text.ts";
import { NoKey, overviewOf, withKey } from "./operator.ts";
import type { Scene } from "./scene.ts";
import { templateChecks } from "./template.ts";

/** Timeout for reports: counts are flushed every second, pools report every few seconds. */
const TOLD_WITHIN_MS = 45_000;
const within = ({ options }: Scene) => options.toldWithinMs ?? TOLD_WITHIN_MS;
const CALLS = 5;
const LIVE = ["warming", "bound"] as const;

export const operating: Theme<Scene> = {
  name: "operating",
  checks: [
    ...templateChecks,
    {
      name: "overview",
      expects: "what the operator's page shows: of the promised shape, and with the operations of this run",
      look: withKey("an operator's key", async (scene) => {
        await calls(scene);
        const enough = ({ operations }: Overview) => operations.succeeded >= CALLS;
        const { operations } = await polled(() => overviewOf(scene), enough, within(scene));
        return heldIf(
          operations.succeeded >= CALLS,
          `${operations.succeeded >= CALLS ? "has" : "lacks"} the operations of this run`,
        );
      }),
    },
    {
      name: "sandboxes that run",
      expects: "never more than the limit",
      look: withKey("an operator's key", async (scene) => {
        const { sandboxes } = await overviewOf(scene);
        return heldIf(sandboxes.running <= sandboxes.most, `${sandboxes.running} of ${sandboxes.most}`);
      }),
    },
    limit,
    {
      name: "metrics page",
      expects: "Prometheus' text format, and the operations of this run counted: none lost",
      look: withKey("METRICS_KEY", async (scene) => {
        const read = (samples: readonly Sample[]) =>
          total(samples, "git_operations_total", { operation: "status", status: "success" });
        const before = read(await scrape(scene));
        await calls(scene);
        const now = await polled(
          () => scrape(scene),
          (samples) => read(samples) >= before + CALLS,
          within(scene),
        );
        const counted = read(now) - before;
        // Other callers may be active meanwhile.
        return heldIf(counted >= CALLS, `${now.length} samples; ${Math.min(counted, CALLS)} of ${CALLS} calls counted`);
      }),
    },
    {
      name: "metrics and workspaces",
      expects: "running sandboxes cover the running workspaces that are listed, and the spend is above zero",
      look: withKey("METRICS_KEY", async (scene) => {
        await scene.main();
        const running = (await scene.workspaces()).filter(({ state }) => state === "bound").length;
        const live = (samples: readonly Sample[]) =>
          LIVE.reduce((sum, state) => sum + total(samples, "warmtree_sandboxes", { state }), 0);
        const spent = (samples: readonly Sample[]) => total(samples, "warmtree_spend_usd", { period: "month" });
        const agrees = (samples: readonly Sample[]) => live(samples) >= running && spent(samples) > 0;
        const now = await polled(() => scrape(scene), agrees, within(scene));
        return heldIf(
          agrees(now),
          `${live(now)} sandboxes for ${running} workspaces, ${spent(now) > 0 ? "some" : "no"} spend`,
        );
      }),
    },
  ],
};

async function calls(scene: Scene): Promise<void> {
  const { sandbox_id } = await scene.main();
  for (let n = 0; n < CALLS; n++) await scene.must("status", { sandbox_id }, status.output);
}

async function scrape(scene: Scene): Promise<Sample[]> {
  const { metricsKey = scene.options.key } = scene.options;
  const { status: code, json } = await scene.request("GET", "/metrics", undefined, metricsKey);
  if (code === 401) throw new NoKey();
  if (code !== 200 || typeof json !== "string") throw new Error(`/metrics answers ${code}: ${problemText(json)}`);
  return samplesOf(json);
}
