import type { E2bConfig } from "../e2b/config.ts";
import { controlPlane } from "../e2b/control.ts";
import { runProcess } from "../e2b/process.ts";

/** Result of the smoke test of a build. */
export type Smoke =
  | { readonly ok: true; readonly git: string; readonly fsmonitor: boolean; readonly firstCommandMs: number }
  | { readonly ok: false; readonly reason: string };

/** If the final kill fails, E2B ends the sandbox after this time. */
const SANDBOX_TIMEOUT_S = 120;
const COMMAND_TIMEOUT_MS = 60_000;
const OUTPUT_MAX_BYTES = 4096;
const REASON_MAX_CHARS = 500;

/**
 * Checks the needs of operations: the tools, a clone over a transport, and merges without a working tree (git 2.38 or
 * newer). Prints git's version, then its optional features.
 */
const SCRIPT = `set -eu
for tool in base64 bash curl grep head mktemp perl sed stat xargs; do
  command -v "$tool" >/dev/null || { echo "$tool is not there" >&2; exit 1; }
done
export GIT_AUTHOR_NAME=smoke GIT_AUTHOR_EMAIL=smoke@warmtree.invalid
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
git init -q -b main origin
echo content >origin/file
git -C origin add file
git -C origin commit -q -m first
git clone -q "file://$place/origin" copy
[ "$(cat copy/file)" = content ] || { echo "the clone has not the file that was committed" >&2; exit 1; }
git -C copy merge-tree --write-tree HEAD HEAD >/dev/null
git version
git version --build-options | sed -n 's/^feature: //p'`;

/**
 * Starts a sandbox, tests it, and ends it. A bad build is a result, not an error.
 * @throws E2bError when E2B fails
 */
export async function smokeTest(e2b: E2bConfig, template: string): Promise<Smoke> {
  const plane = controlPlane(e2b);
  const askedAt = performance.now();
  const metadata = { warmtree_smoke: template };
  const session = await plane.create({ template, timeoutS: SANDBOX_TIMEOUT_S, metadata, autoPause: false });
  try {
    const bash = (line: string) => ({
      cmd: "/bin/bash",
      args: ["-c", line],
      envs: {},
      timeoutMs: COMMAND_TIMEOUT_MS,
      maxOutputBytes: OUTPUT_MAX_BYTES,
    });
    await runProcess(e2b, session, bash("true"));
    const firstCommandMs = Math.round(performance.now() - askedAt);
    const { exitCode, stdout, stderr } = await runProcess(e2b, session, bash(SCRIPT));
    if (exitCode !== 0) {
      return { ok: false, reason: `its smoke test failed: ${stderr.trim().slice(-REASON_MAX_CHARS)}` };
    }
    const [version = "", ...features] = new TextDecoder().decode(stdout).trim().split("\n");
    const git = version.replace(/^git version /, "");
    return { ok: true, git, fsmonitor: features.includes("fsmonitor--daemon"), firstCommandMs };
  } finally {
    await plane.kill(session.sandboxId);
  }
}
