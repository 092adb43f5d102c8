import { uploadFile, uploadStream } from "../../src/e2b/files.ts";
import { runProcess } from "../../src/e2b/process.ts";
import { writtenFiles } from "../../src/e2b/schema.ts";
import { closeStdin } from "../../src/e2b/stdin.ts";
import { heldIf, notOffered } from "../verification/check.ts";
import type { Theme } from "../verification/check.ts";
import { wireOf } from "./answers.ts";
import type { E2bScene } from "./scene.ts";
import { envd, pidOf } from "./wire.ts";

const BYTES = Uint8Array.from(new TextEncoder().encode("bytes \u0000 ü\n"));
/** An envd version that does not accept a file's raw bytes: files are sent as forms. */
const FORMS_ONLY = "0.5.0";
/** Timeout of processes that wait only if something is wrong. */
const SHORT_MS = 6_000;
const PART_BYTES = 64 * 1024;

export const input: Theme<E2bScene> = {
  name: "input",
  checks: [
    {
      name: "no stdin",
      expects: "a process that is given none reads its end at once",
      look: async (scene) => {
        const { exitCode } = await scene.run(await scene.shared(), "cat", SHORT_MS);
        return heldIf(exitCode === 0, `exit code ${exitCode}`);
      },
    },
    {
      name: "stdin and CloseStdin",
      expects: "a process that is given one waits until CloseStdin; a second one does no harm",
      look: async (scene) => {
        const session = await scene.shared();
        const shut = Promise.withResolvers<void>();
        const line = "cat; echo closed";
        const request = { ...bash(line), openUntil: shut.promise };
        const running = runProcess(scene.config, session, request, scene.fetcher);
        running.catch(() => undefined);
        const pid = await pidOf(scene, session, line);
        await closeStdin(scene.config, session, pid, scene.fetcher);
        shut.resolve();
        const { stdout } = await running;
        const text = new TextDecoder().decode(stdout).trim();
        return heldIf(text === "closed", `waited, then printed ${text}`);
      },
    },
    {
      name: "upload of bytes",
      expects: "application/octet-stream to a path of the home, with its folders; what was there is replaced",
      look: async (scene) => {
        const session = await scene.shared();
        const path = "up/plain/file";
        await uploadFile(scene.config, session, path, new Uint8Array(PART_BYTES), scene.fetcher);
        const headers = { "content-type": "application/octet-stream" };
        const response = await envd(scene, session, `/files?path=${encodeURIComponent(path)}`, {
          headers,
          body: BYTES,
        });
        const { status, json } = await wireOf(response);
        const [written] = writtenFiles.safeParse(json).data ?? [];
        const size = await scene.output(session, `stat -c %s ${path}`);
        const isTold = written?.path === `/home/user/${path}`;
        return heldIf(isTold && size === String(BYTES.length), `${status}, ${written?.path}, ${size} bytes`);
      },
    },
    {
      name: "upload as a form",
      expects: "the same bytes as the one file of a form",
      look: async (scene) => {
        const session = await scene.shared();
        await uploadFile(scene.config, { ...session, envdVersion: FORMS_ONLY }, "up/form", BYTES, scene.fetcher);
        const digest = await scene.output(session, "sha256sum <up/form");
        const own = Buffer.from(await crypto.subtle.digest("SHA-256", BYTES)).toString("hex");
        return heldIf(digest.startsWith(own), digest.startsWith(own) ? "the same bytes" : "other bytes");
      },
    },
    {
      name: "upload that is read as it comes",
      expects: "the file grows with the request's body: a process reads its beginning before its end is sent",
      look: async (scene) => {
        const session = await scene.shared();
        const seen = Promise.withResolvers<boolean>();
        const sent = uploadStream(scene.config, session, "up/stream", parts(seen.promise), scene.fetcher);
        // The upload may fail before or after the process looks; the error of `sent` is then the finding.
        sent.catch(() => seen.resolve(false));
        const line = `for n in {1..80}; do [ -s up/stream ] && break; sleep 0.1; done; stat -c %s up/stream`;
        const { stdout } = await scene.run(session, line);
        const early = Number(new TextDecoder().decode(stdout));
        seen.resolve(true);
        await sent;
        const whole = Number(await scene.output(session, "stat -c %s up/stream"));
        if (early === 0 && whole === 2 * PART_BYTES) return notOffered("whole only: what reads it has to wait");
        return heldIf(
          early > 0 && early < whole && whole === 2 * PART_BYTES,
          `${early} bytes while it went, ${whole} in the end`,
        );
      },
    },
  ],
};

const bash = (line: string) => ({
  cmd: "/bin/bash",
  args: ["-c", line],
  envs: {},
  timeoutMs: SHORT_MS,
  maxOutputBytes: 1024,
});

/** Yields one part, and the second when the first was seen. */
async function* parts(seen: Promise<boolean>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(PART_BYTES);
  if (await seen) yield new Uint8Array(PART_BYTES);
}
