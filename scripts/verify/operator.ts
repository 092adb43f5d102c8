import { overviewSchema } from "../../src/metrics/overview-schema.ts";
import type { Overview } from "../../src/metrics/overview-schema.ts";
import { type Answer, problemText } from "../support/client.ts";
import { notChecked } from "../verification/check.ts";
import type { Finding } from "../verification/check.ts";
import type { Scene } from "./scene.ts";

/** Thrown if the key does not open the route. */
export class NoKey extends Error {}

/** Sends a request to one of the operator's routes. @throws NoKey if the key does not open it */
export async function asOperator(scene: Scene, method: string, path: string): Promise<Answer> {
  const { operatorKey = scene.options.key } = scene.options;
  const answer = await scene.request(method, `/v1/operator/${path}`, undefined, operatorKey);
  if (answer.status === 401) throw new NoKey();
  return answer;
}

export async function overviewOf(scene: Scene): Promise<Overview> {
  const { status: code, json } = await asOperator(scene, "GET", "overview?minutes=60");
  if (code !== 200) throw new Error(`the overview answers ${code}: ${problemText(json)}`);
  return overviewSchema.parse(json);
}

/** Wraps a check: if it throws NoKey, its result is `not checked`. */
export function withKey(key: string, look: (scene: Scene) => Promise<Finding>): (scene: Scene) => Promise<Finding> {
  return (scene) =>
    look(scene).catch((error: unknown) => {
      if (error instanceof NoKey) return notChecked(`needs ${key}`);
      throw error;
    });
}
