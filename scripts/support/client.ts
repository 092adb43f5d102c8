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
  /** Ends the call: it rejects then. */
  readonly signal?: AbortSignal;
}

/** The key that a Worker without API_KEYS takes on loopback. */
export const DEV_KEY = "dev";

/** `POST /v1/git/{operation}` of the Worker at `url`. Rejects when there is no answer, or none in JSON. */
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

/** What problem details (RFC 9457) say to a person; the whole body when it is something else. */
export function problemText(json: unknown): string {
  const problem = problemSchema.safeParse(json);
  return problem.success ? problem.data.detail : JSON.stringify(json);
}
