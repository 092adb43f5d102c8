import type { IncomingMessage } from "node:http";
import type * as z from "zod/v4";
import { ApiError } from "./reply.ts";

/** E2B's API refuses larger bodies (16 MiB); envd messages are far smaller. File contents do not pass through here. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        reject(new ApiError(413, `the request body is larger than ${MAX_BODY_BYTES} bytes`));
        request.removeAllListeners("data").resume();
        return;
      }
      chunks.push(chunk);
    });
    request.on("end", () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on("error", reject);
    request.on("close", () => reject(new ApiError(400, "the client left before its request was complete")));
  });
}

/** Reads and checks a JSON body; an empty body counts as `{}`. @throws ApiError 400 that names the field. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.output<S>> {
  const body = await readBody(request);
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    throw new ApiError(400, "the request body is not JSON");
  }
  return check(schema, value);
}

/** Checks query parameters. @throws ApiError 400 that names the parameter. */
export function readQuery<S extends z.ZodType>(url: URL, schema: S): z.output<S> {
  return check(schema, Object.fromEntries(url.searchParams));
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ApiError(400, describe(result.error));
}

/** Returns one line that names the first wrong field. */
export function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "invalid input";
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
