import { E2bError } from "./error.ts";

/**
 * Reads one chunk; undefined at the end of the stream.
 * @throws stream_broken when the connection is lost
 */
export async function readChunk(
  reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">,
): Promise<Uint8Array | undefined> {
  try {
    const { value } = await reader.read();
    return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unknown reason";
    throw brokenStream(`the connection was lost (${reason})`);
  }
}

/** Creates the error of a stream that broke off. */
export function brokenStream(how: string): E2bError {
  return new E2bError("stream_broken", `E2B's answer broke off: ${how}. The call may have taken effect all the same.`, {
    started: true,
  });
}

/**
 * Reads a whole body as text.
 * @throws protocol above `maxBytes`: an answer of that length is not E2B's
 */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let total = 0;
  for (let chunk = await readChunk(reader); chunk !== undefined; chunk = await readChunk(reader)) {
    total += chunk.length;
    if (total > maxBytes) {
      throw new E2bError("protocol", `E2B's answer is longer than ${maxBytes} bytes. The call may have taken effect.`, {
        started: true,
        status: response.status,
      });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
