import type * as z from "zod/v4";
import { workspacePageSchema } from "../../src/api/operator-schemas.ts";
import { overviewSchema } from "../../src/metrics/overview-schema.ts";
import { problemText } from "../support/client.ts";
import type { Minutes, TopOptions } from "./options.ts";

/** Timeout: the Worker only reads earlier reports, so it answers at once or not at all. */
const TIMEOUT_MS = 10_000;

/** Reads `/v1/operator` of the Worker. Errors are one line for a person. */
export class Client {
  readonly #url: string;
  readonly #key: string | undefined;

  constructor({ url, key }: Pick<TopOptions, "url" | "key">) {
    this.#url = url;
    this.#key = key;
  }

  overview(minutes: Minutes) {
    return this.#get(`overview?minutes=${minutes}`, overviewSchema);
  }

  async workspaces() {
    return (await this.#get("workspaces", workspacePageSchema)).workspaces;
  }

  async #get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
    const response = await fetch(`${this.#url}/v1/operator/${path}`, {
      headers: this.#key ? { Authorization: `Bearer ${this.#key}` } : {},
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new Error(`${this.#url} does not answer`, { cause: error });
    });
    const json: unknown = await response.json().catch(() => "not JSON");
    if (!response.ok) throw new Error(`${this.#url} answers ${response.status}: ${problemText(json)}`);
    return schema.parse(json);
  }
}
