import { errorOf, jsonOf } from "./answers.ts";
import { bySchema } from "./by-schema.ts";
import { NoAnswerError, WarmtreeError } from "./errors.ts";
import { REPEATABLE, type Routes, WITHOUT_JSON } from "./generated.ts";
import { pause, waitBefore } from "./retry.ts";

export type Route = keyof Routes;
export type Result<R extends Route> = Routes[R]["result"];

/** Tokens by git host; or a single token, if the service allows only one host. */
export type GitToken = string | Readonly<Record<string, string>>;

export interface ClientOptions {
  /** Address of the Warmtree service. */
  readonly url: string;
  /** API key of the tenant. */
  readonly key: string;
  readonly gitToken?: GitToken | undefined;
  /** Replaces the platform's own fetch. */
  readonly fetch?: typeof fetch | undefined;
  /** Number of times that a failed call is sent again, if that is safe; 3 by default. */
  readonly retries?: number | undefined;
}

/** Options of every call, besides its input. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Replaces the client's token. */
  readonly gitToken?: GitToken | undefined;
  /** A later call with the same key gets the same answer. By default the client makes a key if the route takes one. */
  readonly idempotencyKey?: string | undefined;
}

type Needed<R extends Route> = {
  [Part in "path" | "query" | "body" as Routes[R][Part] extends undefined ? never : Part]: Routes[R][Part];
};
/** Parameters of a route; a query may always be left out. */
type Parts<R extends Route> = Omit<Needed<R>, "query"> & Partial<Pick<Needed<R>, "query" & keyof Needed<R>>>;
export type Given<R extends Route> =
  object extends Parts<R> ? [given?: Parts<R> & CallOptions] : [given: Parts<R> & CallOptions];

interface Request extends CallOptions {
  readonly path?: Readonly<Record<string, string | number>> | undefined;
  readonly query?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: unknown;
  readonly events?: boolean;
}

const DEFAULT_RETRIES = 3;
const KEY_BYTES = 16;

/** Sends requests, and sends failed ones again if that is safe. */
export class Transport {
  readonly retries: number;
  readonly #options: ClientOptions;
  readonly #address: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#address = options.url.replace(/\/+$/, "");
    this.retries = options.retries ?? DEFAULT_RETRIES;
  }

  /** Calls a route and returns its answer: JSON, or the Response for other content. */
  readonly call = async <R extends Route>(route: R, ...[given]: Given<R>): Promise<Result<R>> => {
    const read = (response: Response): unknown => (WITHOUT_JSON.includes(route) ? response : jsonOf(response));
    return bySchema<Result<R>>(await this.send(route, given ?? {}, read));
  };

  /** @param read reads the response; if it throws a NoAnswerError, the request may be sent again */
  async send<T>(route: Route, given: Request, read: (response: Response) => T | Promise<T>): Promise<T> {
    const [method = "", path = ""] = route.split(" ");
    const repeatable = method === "GET" || method === "DELETE" || REPEATABLE[route] !== undefined;
    const url = `${this.#address}${filled(path, given.path)}${queryText(given.query)}`;
    const init = this.#init(route, method, given);
    for (let tries = 0; ;) {
      try {
        return await read(await this.#fetch(url, init));
      } catch (error) {
        given.signal?.throwIfAborted();
        // The first request is still being carried out and will be answered, so this is not a failure.
        const underWay = error instanceof WarmtreeError && error.code === "request_under_way";
        const wait = underWay || tries < this.retries ? waitBefore(error, tries, repeatable) : undefined;
        if (wait === undefined) throw error;
        await pause(wait, given.signal);
        if (!underWay) tries += 1;
      }
    }
  }

  /** Returns the same request for each try; its idempotency key makes the tries one call. */
  #init(route: Route, method: string, given: Request): RequestInit {
    const headers = new Headers({ Authorization: `Bearer ${this.#options.key}` });
    headers.set("Accept", given.events === true ? "text/event-stream" : "application/json, */*;q=0.5");
    if (given.body !== undefined) headers.set("Content-Type", "application/json");
    const gitToken = given.gitToken ?? this.#options.gitToken;
    if (gitToken !== undefined) headers.set("X-Git-Token", tokenText(gitToken));
    if (REPEATABLE[route] === "keyed") headers.set("Idempotency-Key", given.idempotencyKey ?? newKey());
    return {
      method,
      headers,
      redirect: "manual",
      ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
      ...(given.signal && { signal: given.signal }),
    };
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    // Calls fetch as a plain function, because platforms refuse it as a method of another object.
    const send = this.#options.fetch ?? fetch;
    const response = await send(url, init).catch((cause: unknown) => {
      throw new NoAnswerError("the connection failed", { cause });
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

function filled(path: string, values: Request["path"] = {}): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
}

function queryText(values: Request["query"] = {}): string {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

function tokenText(token: GitToken): string {
  if (typeof token === "string") return token;
  return Object.entries(token)
    .map(([host, value]) => `${host}=${value}`)
    .join(", ");
}

/** Does not use randomUUID, which pages without TLS lack. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
