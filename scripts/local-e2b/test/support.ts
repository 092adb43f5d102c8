import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { Sandbox, type SandboxOpts } from "e2b";
import { afterAll, beforeAll } from "vitest";
import * as z from "zod/v4";
import { type LocalHost, type LocalHostOptions, startLocalHost } from "../host.ts";

/** The SDK's options to reach a host: one address for both planes, and any key. */
export interface Connection {
  readonly apiKey: string;
  readonly apiUrl: string;
  readonly sandboxUrl: string;
}

export interface TestHost {
  readonly host: LocalHost;
  readonly connection: Connection;
  create(options?: SandboxOpts): Promise<Sandbox>;
  /** Calls the control plane without the SDK. */
  control(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Calls the host's admin routes. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
}

const API_KEY = "test-key";

/** Starts one host for all tests of a file, and closes it after them. */
export function useHost(options: LocalHostOptions = {}): TestHost {
  let host: LocalHost | undefined;
  beforeAll(async () => {
    host = await startLocalHost(options);
  });
  afterAll(async () => {
    await host?.close();
  });
  const current = (): LocalHost => {
    if (host === undefined) throw new Error("the host is there only while tests run");
    return host;
  };
  return {
    get host() {
      return current();
    },
    get connection() {
      return connectionTo(current(), API_KEY);
    },
    create: (opts = {}) => Sandbox.create("base", { ...connectionTo(current(), API_KEY), ...opts }),
    control: (method, path, body, headers) => call(current(), method, path, body, { "X-API-KEY": API_KEY, ...headers }),
    admin: (method, path, body) => call(current(), method, path, body, {}),
  };
}

export function connectionTo({ url }: LocalHost, apiKey: string): Connection {
  return { apiKey, apiUrl: url, sandboxUrl: url };
}

function call(
  { url }: LocalHost,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Response> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(url + path, { method, headers: { "Content-Type": "application/json", ...headers }, ...content });
}

/** Returns a response's JSON, checked. */
export async function json<S extends z.ZodType>(response: Response, schema: S): Promise<z.output<S>> {
  return schema.parse(await response.json());
}

/** Returns the access token of a sandbox's envd. */
export async function envdToken(test: TestHost, { sandboxId }: Sandbox): Promise<string> {
  const detail = await json(
    await test.control("GET", `/sandboxes/${sandboxId}`),
    z.object({ envdAccessToken: z.string() }),
  );
  return detail.envdAccessToken;
}

/** Returns the command lines of this machine's processes that contain `marker`. */
export function processesWith(marker: string): readonly string[] {
  const lines = execFileSync("ps", ["-A", "-o", "args="], { encoding: "utf8", maxBuffer: 64 << 20 }).split("\n");
  return lines.filter((line) => line.includes(marker));
}

/** Returns the mounts below a directory, as any process sees them. */
export function mountsIn(directory: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => mountsOf(pid))
    .filter((line) => line.split(" ")[4]?.startsWith(`${directory}/`));
}

function mountsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/mountinfo`, "utf8").split("\n");
  } catch {
    // The process has ended since the directory was read, or is a zombie.
    return [];
  }
}

/** Returns the error of a rejected promise. @throws Error if it is not rejected */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("this was expected to fail");
}
