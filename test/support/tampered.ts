import * as z from "zod/v4";

/** A fault in requests, or in their responses. */
export interface Tampering {
  /** Matches method, path with query, and a body of text: `POST /v2/sandboxes {"templateID"…`. */
  readonly on: RegExp;
  /** Number of matching requests that are left alone first. */
  readonly after?: number;
  /** Replaces the request. */
  readonly ask?: (init: RequestInit, url: URL) => RequestInit | Promise<RequestInit>;
  /** Replaces the response. `body` is its JSON, or its text. */
  readonly answer?: (body: unknown, response: Response) => Response;
  /** Responds without sending the request. */
  readonly instead?: () => Response;
}

/** Returns a fetch that falsifies matching requests, and is otherwise the real one. */
export function tampered({ on, after = 0, ask, answer, instead }: Tampering): typeof fetch {
  let passed = 0;
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = typeof init.body === "string" ? init.body : "";
    const isMeant = on.test(`${init.method ?? "GET"} ${url.pathname}${url.search} ${body}`);
    if (!isMeant || passed++ < after) return fetch(input, init);
    if (instead) return instead();
    const asked = ask ? await ask(init, url) : init;
    const response = await fetch(url, asked);
    return answer ? answer(bodyOf(await response.clone().text()), response) : response;
  };
}

function bodyOf(text: string): unknown {
  try {
    return z.unknown().parse(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Returns the same response, with some members of its JSON changed. */
export const withMembers = (members: object) => (body: unknown, response: Response) =>
  Response.json({ ...z.looseObject({}).parse(body), ...members }, { status: response.status });

export const withStatus = (status: number) => (body: unknown) =>
  status === 204 ? new Response(null, { status }) : Response.json(body, { status });

/** Returns the same request, with a header set or removed. */
export const withHeader = (name: string, value?: string) => (init: RequestInit) => {
  const headers = new Headers(init.headers);
  if (value === undefined) headers.delete(name);
  else headers.set(name, value);
  return { ...init, headers };
};

/**
 * Returns the same request, with a text in its body replaced; by one of equal length if the length is part of the body.
 */
export const withBody = (from: string, to: string) => (init: RequestInit) => {
  if (typeof init.body === "string") return { ...init, body: init.body.replace(from, to) };
  if (!(init.body instanceof Uint8Array)) throw new Error("the body is neither text nor bytes");
  return { ...init, body: Buffer.from(Buffer.from(init.body).toString("latin1").replace(from, to), "latin1") };
};
