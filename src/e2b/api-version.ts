import { E2bError } from "./error.ts";

export type ApiVersion = "v1" | "v2";

/** Of a route that a server does not have; of E2B's own words for what it cannot find, nothing tells this apart. */
const NO_ROUTE_STATUS: ReadonlySet<number | undefined> = new Set([404, 405]);

/**
 * Which version of E2B's routes for making and waking sandboxes a server has: `v2`, or, on an older one and on others that
 * speak its API, `v1` only. Found out by the first call that succeeds, and remembered.
 */
export class ApiVersions {
  #known: ApiVersion | undefined;

  /** Calls by the newest version there is. Throws what the call throws. */
  async newest<Answer>(call: (version: ApiVersion) => Promise<Answer>): Promise<Answer> {
    if (this.#known !== undefined) return call(this.#known);
    const { version, answer } = await this.#tryBoth(call);
    this.#known = version;
    return answer;
  }

  async #tryBoth<Answer>(call: (version: ApiVersion) => Promise<Answer>) {
    try {
      return { version: "v2" as const, answer: await call("v2") };
    } catch (error) {
      if (!(error instanceof E2bError) || !NO_ROUTE_STATUS.has(error.status)) throw error;
      return { version: "v1" as const, answer: await call("v1") };
    }
  }
}
