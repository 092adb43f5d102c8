import { http, mcp, type Written } from "./written-call.ts";

const FOLDER = { "src/a.txt": "one\n", "other.txt": "three\n" };
const N8N = { toolCallId: "call_x", sessionId: "abc", action: "sendMessage", chatInput: "Read it", tool: "Warmtree" };

/** Calls with the fields that clients and frameworks add or change. */
export const BY_CLIENTS: Written = {
  "n8n adds its own fields": [
    mcp("git_status", N8N, {}),
    mcp("git_read", { ...N8N, path: "README.md" }, { path: "README.md" }),
    mcp("git_diff", { ...N8N, file: "" }, {}, FOLDER),
    mcp("git_push", { ...N8N, message: "x" }, { message: "x" }, FOLDER),
    mcp("git_edit", { ...N8N, files: [{ path: "n", content: "n" }] }, { files: [{ path: "n", content: "n" }] }),
    mcp("git_run", { ...N8N, steps: [{ op: "status" }] }, { steps: [{ op: "status" }] }),
  ],
  "an editor adds an explanation": [
    mcp("git_status", { explanation: "See what changed" }, {}),
    mcp("git_edit", { explanation: "Add n", path: "n", content: "n" }, { files: [{ path: "n", content: "n" }] }),
    mcp("git_run", { explanation: "Look", steps: [{ op: "diff", note: "all" }] }, { steps: [{ op: "diff" }] }, FOLDER),
    mcp("git_pull", { explanation: "Update", _sessionID: "7" }, {}),
  ],
  "a framework renames fields": [
    mcp("git_status", { sandboxId: "$id" }, {}),
    mcp(
      "git_clone",
      { repoUrl: "$repo", agentId: "camel", taskId: 7 },
      { repo_url: "$repo", agent_id: "camel", task_id: "7" },
    ),
    mcp(
      "git_edit",
      { files: [{ path: "README.md", moveTo: "R.md" }] },
      { files: [{ path: "README.md", move_to: "R.md" }] },
    ),
    mcp(
      "git_run",
      { steps: [{ op: "search", pattern: "LITTLE", ignoreCase: true }] },
      {
        steps: [{ op: "search", pattern: "LITTLE", ignore_case: true }],
      },
    ),
    mcp("git_read", { arguments: { sandbox_id: "$id", path: "README.md" } }, { path: "README.md" }),
  ],
  "an agent writes steps as calls of tools": [
    mcp("git_run", { steps: [{ tool: "git_status" }] }, { steps: [{ op: "status" }] }),
    mcp("git_run", { steps: [{ name: "git_log", arguments: { limit: 1 } }] }, { steps: [{ op: "log", limit: 1 }] }),
    mcp(
      "git_run",
      { steps: [{ operation: "edit", args: '{"files":[{"path":"n","content":"n"}]}' }, { command: "diff" }] },
      { steps: [{ op: "edit", files: [{ path: "n", content: "n" }] }, { op: "diff" }] },
    ),
    mcp(
      "git_run",
      { steps: [{ op: "git_push", params: { message: "x" } }] },
      { steps: [{ op: "push", message: "x" }] },
      FOLDER,
    ),
    mcp("git_run", { op: "log", limit: 1 }, { steps: [{ op: "log", limit: 1 }] }),
    mcp("git_run", { steps: [{ op: "status", sandbox_id: "" }] }, { steps: [{ op: "status" }] }),
  ],
  "a script over HTTP": [
    http(
      "read",
      { path: "./README.md", ref: "", start_line: "1", end_line: null },
      { path: "README.md", start_line: 1 },
    ),
    http("edit", { files: [{ path: "a", content: "y", base64: null }] }, { files: [{ path: "a", content: "y" }] }),
    http("edit", { files: '[{"path":"a","content":""}]', patch: "" }, { files: [{ path: "a", content: "" }] }),
    http("log", { limit: "2", files: "true", path: "/" }, { limit: 2, files: true }),
    http("search", { pattern: "little", regex: 0, path: "", limit: 5, cursor: 0 }, { pattern: "little", limit: 5 }),
    http("push", { message: "x", files: "src/", amend: false, resolve: {} }, { message: "x", files: ["src"] }, FOLDER),
    http("restore", { paths: '["other.txt"]', all: false, to: null }, { paths: ["other.txt"] }, FOLDER),
    http(
      "clone",
      { repo_url: "$repo", agent_id: 12, task_id: "", filter: "BLOB:NONE", sparse: ["./docs/"] },
      {
        repo_url: "$repo",
        agent_id: "12",
        filter: "blob:none",
        sparse: ["docs"],
      },
    ),
    http("blame", { path: "/README.md", ref: "", start_line: 0, end_line: "2" }, { path: "README.md", end_line: 2 }),
    http("tag", { name: "", ref: "", message: "", push: "false", cursor: "" }, {}),
  ],
  "means two things": [
    mcp("git_push", { message: "x", branch: "main" }, "refused", FOLDER),
    mcp("git_read", { paht: "README.md" }, "refused"),
    mcp("git_edit", { files: [{ path: "docs/new/", content: "" }] }, "refused"),
    mcp("git_edit", { files: [{ path: "VERSION", content: 1 }] }, "refused"),
    mcp("git_edit", { files: [{ path: "README.md", content: "x", delete: true }] }, "refused"),
    mcp("git_read", { path: "README.md", file: "CHANGELOG.md" }, "refused"),
    mcp("git_run", { steps: [{ op: "branch", name: "b-2", from: "main" }] }, "refused"),
    mcp("git_run", { steps: [{ op: "restore", paths: ["other.txt"], all: true }] }, "refused", FOLDER),
    http("read", { file_path: "README.md" }, "refused"),
    http("status", { toolCallId: "x" }, "refused"),
    http("read", { path: "docs/../README.md" }, "refused"),
    http("pull", { rebase: "maybe" }, "refused"),
  ],
};
