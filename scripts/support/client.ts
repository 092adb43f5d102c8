import * as z from "zod/v4";

export interface Answer {
  readonly status: number;
  /** The parsed body: a result, or problem details when the status is 400 or more. */
  readonly json: unknown;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborts the call, which then rejects. */
  readonly signal?: AbortSignal;
}

/** Key that a Worker without API_KEYS accepts on loopback. */
export const DEV_KEY = "dev";

/** Calls `POST /v1/git/{operation}` of the Worker at `url`. Rejects if there is no answer, or no JSON. */
export async function callOperation(
  url: string,
  operation: string,
  body: unknown,
  { key = DEV_KEY, headers = {}, signal }: CallOptions = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/git/${operation}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  return { status: response.status, json: await response.json(), headers: response.headers };
}

const problemSchema = z.object({ detail: z.string() });

/** Returns the detail of problem details (RFC 9457); for other content, the whole body. */
export function problemText(json: unknown): string {
  const problem = problemSchema.safeParse(json);
  return problem.success ? problem.data.detail : JSON.stringify(json);
}
