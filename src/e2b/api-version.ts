import { E2bError } from "./error.ts";

export type ApiVersion = "v1" | "v2";

/** Statuses of a missing route; E2B uses the same ones for a missing object. */
const NO_ROUTE_STATUS: ReadonlySet<number | undefined> = new Set([404, 405]);

/**
 * Detects which version of the create and connect routes a server has: `v2`, or only `v1` on older servers and on
 * others that speak E2B's API. The first call that succeeds decides; the result is kept.
 */
export class ApiVersions {
  #known: ApiVersion | undefined;

  /** Calls with the newest supported version. Throws the call's own errors. */
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
