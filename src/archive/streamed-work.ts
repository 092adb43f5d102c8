import type { Parsed } from "../ops/output/script-output.ts";
import type { WorkFacts, WorkRequest } from "../ops/probes/unpushed-work.ts";
import type { SavedWork } from "./archive.ts";

/** Unpushed work on its way out of a sandbox. */
interface StreamedWork {
  /** The work as soon as its first byte has come, or the reason why there is none. */
  readonly begun: Promise<Parsed<SavedWork>>;
  /** Settles, without an error, when the sandbox has ended. */
  readonly ended: Promise<void>;
}

/**
 * Runs `unpushedWork`, and makes a stream of known length of its output. The sandbox waits for the reader, so memory
 * stays the same for any size. If the sandbox fails on the way, the stream breaks, and its reader sees that.
 * @param run sends the task with this request to a sandbox
 */
export function streamedWork(run: (request: WorkRequest) => Promise<Parsed<WorkFacts>>): StreamedWork {
  const begun = Promise.withResolvers<Parsed<SavedWork>>();
  let writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  const begin = (facts: WorkFacts) => {
    const { readable, writable } = new FixedLengthStream(facts.tarBytes);
    const opened = (writer = writable.getWriter());
    begun.resolve({ ok: true, value: { facts, body: readable } });
    return (bytes: Uint8Array) => opened.write(bytes);
  };
  const failed = async (error: unknown) => {
    begun.reject(error);
    await writer?.abort(error);
  };
  const ended = run({ begin })
    .then(async (parsed) => {
      if (parsed.ok) return writer?.close();
      begun.resolve(parsed);
      return writer?.abort(parsed.error);
    })
    .catch(failed)
    // A reader that has left is not told.
    .catch(() => undefined);
  return { begun: begun.promise, ended };
}
