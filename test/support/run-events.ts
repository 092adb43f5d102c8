import type * as z from "zod/v4";
import { runEventSchema } from "../../src/api/run-schemas.ts";

type RunEvent = z.output<typeof runEventSchema>;

interface Reading {
  readonly headers: Readonly<Record<string, string>>;
  /** The last event that is known. */
  readonly after: number;
  /** The client leaves after so many bytes. */
  readonly cutAfter?: number;
}

/** Reads the stream of a run's events until it ends, or is cut; an event that is not whole is none. */
export async function* readEvents(
  url: string,
  { headers, after, cutAfter = Infinity }: Reading,
): AsyncGenerator<RunEvent> {
  const leaving = new AbortController();
  const asked = { ...headers, Accept: "text/event-stream", "Last-Event-ID": String(after) };
  const { body } = await fetch(url, { headers: asked, signal: leaving.signal });
  let text = "";
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      const kept = chunk.subarray(0, cutAfter - bytes);
      bytes += kept.length;
      text += new TextDecoder().decode(kept);
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) yield runEventSchema.parse(JSON.parse(data));
      }
      if (bytes >= cutAfter) return;
    }
  } finally {
    leaving.abort();
  }
}
