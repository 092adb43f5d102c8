import { ERROR_KINDS } from "../errors.ts";

const sandbox_id = "s0-4k7m2x9qwe3rty5zpbna";

/** One example request body per operation. */
export const INPUT_EXAMPLES: Readonly<Record<string, object>> = {
  clone: { repo_url: "https://github.com/octo-org/hello", agent_id: "ada", task_id: "fix-readme", sparse: ["docs"] },
  status: { sandbox_id },
  diff: { sandbox_id, file: "README.md" },
  read: { sandbox_id, path: "README.md", start_line: 1, end_line: 40 },
  edit: { sandbox_id, files: [{ path: "README.md", content: "Hello, world\n" }] },
  search: { sandbox_id, pattern: "greeting", path: "src" },
  log: { sandbox_id, ref: "main..try-again", since: "2026-01-31", files: true },
  blame: { sandbox_id, path: "README.md", start_line: 1, end_line: 40 },
  branch: { sandbox_id, name: "try-again", create: true },
  pull: { sandbox_id },
  push: { sandbox_id, message: "Fix the greeting", files: ["README.md"] },
  apply: { sandbox_id, commits: ["origin/main"] },
  tag: { sandbox_id, name: "v1.2.0", message: "Version 1.2.0", push: true },
  restore: { sandbox_id, paths: ["README.md"] },
};

/** Error of a push that conflicts with a remote change. */
export const CONFLICT_EXAMPLE = {
  type: "urn:warmtree:problem:conflict",
  title: ERROR_KINDS.conflict.title,
  status: ERROR_KINDS.conflict.status,
  code: "conflict",
  detail:
    "The remote changed the same lines. Your commit is kept in the workspace and nothing was pushed: pull, settle the conflict, push.",
  retryable: ERROR_KINDS.conflict.retryable,
  work: { committed: "9f2c61be4c1f0d0a6d7b9a4b5a1f5f6f0e2d3c4b", pushed: false, tree: "unchanged" },
  conflicts: [{ path: "README.md", kind: "content", line: 1, base: "Hello\n", ours: "Hello, world\n", theirs: "Hi\n" }],
  instance: "urn:uuid:5f1c6a52-6f0a-4a37-9d5e-2b8f1c3d7e90",
};
