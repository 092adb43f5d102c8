import { mcp, type Written } from "./written-call.ts";

const FOLDER = { "src/a.txt": "one\n", "src/lib/b.txt": "two\n", "other.txt": "three\n" };

/** Calls with the habits of models. */
export const BY_MODELS: Written = {
  // Every field of the schema has a value, because the provider requires it or the model takes it for a form.
  "fills every field with empty values": [
    mcp(
      "git_clone",
      { repo_url: "$repo", branch: "", agent_id: "form", task_id: "", shallow: false, sparse: [] },
      { repo_url: "$repo", agent_id: "form" },
    ),
    mcp("git_status", { cursor: "" }, {}),
    mcp("git_diff", { file: "", base: "", staged: false, cursor: "" }, {}, FOLDER),
    mcp("git_read", { path: "README.md", ref: "", start_line: 0, end_line: 0 }, { path: "README.md" }),
    mcp("git_read", { path: "", ref: "", start_line: 0, end_line: 0 }, {}),
    mcp(
      "git_edit",
      { files: [{ path: "n.txt", content: "x\n", delete: false, move_to: "" }], patch: "" },
      { files: [{ path: "n.txt", content: "x\n" }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "README.md", content: "", delete: true, move_to: "" }], patch: "" },
      { files: [{ path: "README.md", delete: true }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "README.md", content: "", delete: false, move_to: "READ.md" }] },
      { files: [{ path: "README.md", move_to: "READ.md" }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "README.md", content: "", base64: "", delete: false, move_to: "" }] },
      { files: [{ path: "README.md", content: "" }] },
    ),
    mcp("git_push", { message: "x", files: [], to: "" }, { message: "x" }, FOLDER),
    mcp("git_pull", { rebase: true, from: "", deepen: 0 }, {}),
    mcp(
      "git_run",
      { steps: [{ op: "restore", paths: ["other.txt"], all: false, staged: false, to: "", keep: false }] },
      { steps: [{ op: "restore", paths: ["other.txt"] }] },
      FOLDER,
    ),
    mcp("git_run", { steps: [{ op: "log", ref: "", path: "", cursor: "" }] }, { steps: [{ op: "log" }] }),
    mcp(
      "git_run",
      { steps: [{ op: "branch", name: "main", create: false, from: "", delete: false }] },
      { steps: [{ op: "branch", name: "main" }] },
    ),
  ],
  "writes null for what it leaves out": [
    mcp("git_status", { cursor: null }, {}),
    mcp(
      "git_edit",
      {
        files: [{ path: "a", content: "x", base64: null, executable: null, delete: null, move_to: null }],
        patch: null,
      },
      { files: [{ path: "a", content: "x" }] },
    ),
    mcp("git_diff", { file: null, base: null, staged: null, cursor: null }, {}, FOLDER),
    mcp("git_push", { message: "x", files: null, to: null }, { message: "x" }, FOLDER),
    mcp(
      "git_run",
      {
        steps: [
          { op: "read", path: "README.md", ref: null },
          { op: "status", cursor: null },
        ],
      },
      { steps: [{ op: "read", path: "README.md" }, { op: "status" }] },
    ),
    mcp(
      "git_clone",
      { repo_url: "$repo", branch: null, agent_id: "nil", task_id: null, sparse: null, shallow: null },
      {
        repo_url: "$repo",
        agent_id: "nil",
      },
    ),
  ],
  "writes everything as text": [
    mcp(
      "git_read",
      { path: "README.md", start_line: "1", end_line: "3" },
      { path: "README.md", start_line: 1, end_line: 3 },
    ),
    mcp("git_pull", { rebase: "false" }, { rebase: false }),
    mcp("git_diff", { staged: "False" }, {}, FOLDER),
    mcp(
      "git_run",
      { steps: [{ op: "log", limit: "2", files: "True" }] },
      { steps: [{ op: "log", limit: 2, files: true }] },
    ),
    mcp(
      "git_run",
      { steps: [{ op: "search", pattern: "little", ignore_case: "true", limit: "5" }] },
      { steps: [{ op: "search", pattern: "little", ignore_case: true, limit: 5 }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "run.sh", content: "x\n", executable: "true" }] },
      { files: [{ path: "run.sh", content: "x\n", executable: true }] },
    ),
    mcp("git_push", { message: "x", files: "other.txt" }, { message: "x", files: ["other.txt"] }, FOLDER),
    mcp(
      "git_clone",
      { repo_url: "$repo", agent_id: "text", shallow: "true", sparse: "docs" },
      {
        repo_url: "$repo",
        agent_id: "text",
        shallow: true,
        sparse: ["docs"],
      },
    ),
  ],
  "writes lists and objects as JSON text": [
    mcp("git_edit", { files: '[{"path":"a","content":"x"}]' }, { files: [{ path: "a", content: "x" }] }),
    mcp("git_edit", { files: ['{"path":"a","content":"x"}'] }, { files: [{ path: "a", content: "x" }] }),
    mcp("git_edit", { files: { path: "a", content: "x" } }, { files: [{ path: "a", content: "x" }] }),
    mcp(
      "git_edit",
      { files: [{ path: "a.json", content: '["x"]' }] },
      { files: [{ path: "a.json", content: '["x"]' }] },
    ),
    mcp("git_run", { steps: '[{"op":"status"},{"op":"diff"}]' }, { steps: [{ op: "status" }, { op: "diff" }] }, FOLDER),
    mcp("git_run", { steps: { op: "status" } }, { steps: [{ op: "status" }] }),
    mcp(
      "git_push",
      { message: "x", files: '["src", "other.txt"]' },
      { message: "x", files: ["src", "other.txt"] },
      FOLDER,
    ),
    mcp("git_push", { message: "x", files: "['src/a.txt']" }, { message: "x", files: ["src/a.txt"] }, FOLDER),
    mcp(
      "git_clone",
      { repo_url: "$repo", agent_id: "json", sparse: '["docs"]' },
      {
        repo_url: "$repo",
        agent_id: "json",
        sparse: ["docs"],
      },
    ),
  ],
  "writes paths as in a shell": [
    mcp("git_read", { path: "/" }, {}),
    mcp("git_read", { path: "." }, {}),
    mcp("git_read", { path: "./docs/" }, { path: "docs" }),
    mcp("git_read", { path: "/README.md" }, { path: "README.md" }),
    mcp("git_read", { path: "docs//layout.md" }, { path: "docs/layout.md" }),
    mcp("git_edit", { files: [{ path: "./n.txt", content: "n\n" }] }, { files: [{ path: "n.txt", content: "n\n" }] }),
    mcp("git_diff", { file: "./other.txt" }, { file: "other.txt" }, FOLDER),
    mcp("git_diff", { file: "." }, {}, FOLDER),
    mcp("git_push", { message: "x", files: ["."] }, { message: "x" }, FOLDER),
    mcp("git_push", { message: "x", files: ["*"] }, { message: "x" }, FOLDER),
    mcp("git_push", { message: "x", files: ["src/"] }, { message: "x", files: ["src"] }, FOLDER),
    mcp(
      "git_run",
      {
        steps: [
          { op: "restore", paths: ["/src"] },
          { op: "log", path: "./docs/" },
          { op: "search", pattern: "a", path: "/" },
        ],
      },
      {
        steps: [
          { op: "restore", paths: ["src"] },
          { op: "log", path: "docs" },
          { op: "search", pattern: "a" },
        ],
      },
      FOLDER,
    ),
  ],
  "uses the names of file tools": [
    mcp("git_read", { file_path: "README.md" }, { path: "README.md" }),
    mcp(
      "git_read",
      { filename: "README.md", startLine: 1, endLine: 2 },
      { path: "README.md", start_line: 1, end_line: 2 },
    ),
    mcp("git_edit", { path: "n.txt", content: "n\n" }, { files: [{ path: "n.txt", content: "n\n" }] }),
    mcp("git_edit", { file_path: "n.txt", file_text: "n\n" }, { files: [{ path: "n.txt", content: "n\n" }] }),
    mcp("git_edit", { files: [{ file: "n.txt", text: "n\n" }] }, { files: [{ path: "n.txt", content: "n\n" }] }),
    mcp("git_diff", { path: "other.txt" }, { file: "other.txt" }, FOLDER),
    mcp(
      "git_run",
      { steps: [{ op: "restore", files: ["other.txt"] }] },
      { steps: [{ op: "restore", paths: ["other.txt"] }] },
      FOLDER,
    ),
    mcp("git_run", { steps: [{ op: "search", query: "little" }] }, { steps: [{ op: "search", pattern: "little" }] }),
  ],
  "fills every field of an edit": [
    mcp(
      "git_edit",
      { files: [{ path: "README.md", content: "", old: "little", new: "lot", all: false, delete: false, link: "" }] },
      { files: [{ path: "README.md", old: "little", new: "lot" }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "./README.md", old: " little", new: "", content: "", base64: "", move_to: "", mode: "" }] },
      { files: [{ path: "README.md", old: " little", new: "" }] },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "CLAUDE.md", link: "README.md", content: "", old: "", new: "", delete: false }] },
      { files: [{ path: "CLAUDE.md", link: "README.md" }] },
    ),
    mcp(
      "git_edit",
      { files: "[]", patch: "```diff\n--- a/README.md\n+++ b/README.md\n@@ -1,1 +1,1 @@\n-# Small\n+# Large\n```" },
      { files: [{ path: "README.md", old: "# Small", new: "# Large" }] },
    ),
    mcp(
      "git_edit",
      { patch: "*** Begin Patch\n*** Update File: README.md\n@@\n-# Small\n+# Large\n*** End Patch" },
      { files: [{ path: "README.md", old: "# Small", new: "# Large" }] },
    ),
  ],
  "uses git's words": [
    mcp("git_push", { commit_message: "x" }, { message: "x" }, FOLDER),
    mcp(
      "git_clone",
      { url: "$repo", agent_id: "words", depth: 1 },
      { repo_url: "$repo", agent_id: "words", shallow: true },
    ),
    mcp("git_run", { steps: [{ op: "git log", max_count: 2 }] }, { steps: [{ op: "log", limit: 2 }] }),
    mcp(
      "git_run",
      { steps: [{ op: "log", branch: "main", limit: 1 }] },
      { steps: [{ op: "log", ref: "main", limit: 1 }] },
    ),
    mcp("git_run", { steps: [{ op: "tag", tag: "t-1" }] }, { steps: [{ op: "tag", name: "t-1" }] }),
    mcp(
      "git_run",
      { steps: [{ op: "branch", branch: "b-1", create: true }] },
      { steps: [{ op: "branch", name: "b-1", create: true }] },
    ),
    mcp("git_run", { steps: [{ op: "apply", commit: "main" }] }, { steps: [{ op: "apply", commits: ["main"] }] }),
    mcp("git_pull", { remote: "origin" }, {}),
  ],
};
