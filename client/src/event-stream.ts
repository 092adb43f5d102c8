import { NoAnswerError } from "./errors.ts";

/** One event of a stream; `data` is its JSON. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Warmtree sends an event or a comment every 15 s. */
const SILENCE_MS = 60_000;

/**
 * Yields the events of a response (HTML Living Standard, 9.2). Omits an event that was cut off.
 * @throws NoAnswerError if the connection fails or is silent for too long
 */
export async function* eventsIn(response: Response): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await readWithin(reader, SILENCE_MS);
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const found = eventIn(block);
        if (found) yield found;
      }
    }
  } finally {
    // Closes the connection when the caller stops reading the events.
    await reader.cancel().catch(() => undefined);
  }
}

async function readWithin(reader: ReadableStreamDefaultReader<Uint8Array>, ms: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`silent for ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([reader.read(), silent]);
  } catch (cause) {
    throw new NoAnswerError("the events broke off", { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Returns undefined for a comment, which Warmtree sends to keep the connection open. */
function eventIn(block: string): StreamEvent | undefined {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    if (field === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { event, data: JSON.parse(data.join("\n")) };
}
