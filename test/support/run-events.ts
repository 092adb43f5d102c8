import type * as z from "zod/v4";
import { runEventSchema } from "../../src/api/run-schemas.ts";

type RunEvent = z.output<typeof runEventSchema>;

interface Reading {
  readonly headers: Readonly<Record<string, string>>;
  /** The number of the last known event. */
  readonly after: number;
  /** The client disconnects after so many bytes. */
  readonly cutAfter?: number;
}

/** Yields the events of a run's stream until it ends, or is cut; drops an incomplete event. */
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
