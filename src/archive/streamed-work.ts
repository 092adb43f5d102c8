import type { Parsed } from "../ops/output/script-output.ts";
import type { WorkFacts, WorkRequest } from "../ops/probes/unpushed-work.ts";
import type { SavedWork } from "./archive.ts";

/** Unpushed work that is streamed out of a sandbox. */
interface StreamedWork {
  /** Resolves with the work when the sandbox begins to send it, or with the reason why there is none. */
  readonly begun: Promise<Parsed<SavedWork>>;
  /** Resolves when the task in the sandbox has ended; never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Runs `unpushedWork`, and returns its output as a stream of known length. The sandbox waits for the reader, so memory
 * does not grow with the size. If the sandbox fails meanwhile, the stream errors, and its reader sees that.
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
    // The reader has left: ignore the error.
    .catch(() => undefined);
  return { begun: begun.promise, ended };
}
