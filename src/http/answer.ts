/** Answers tell one tenant's work at one moment: no cache may keep them, and no browser may guess their type. */
const HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What support and logs call this request. */
  readonly requestId?: string;
}

/** A JSON answer; a null body is 204 No Content. */
export function answer(body: object | null, options: AnswerOptions = {}): Response {
  const { status = body === null ? 204 : 200, requestId = crypto.randomUUID(), headers } = options;
  const type = body === null ? {} : { "Content-Type": "application/json" };
  return new Response(body && JSON.stringify(body), {
    status,
    headers: { ...HEADERS, "X-Request-Id": requestId, ...type, ...headers },
  });
}
