/** A right input. Together, the inputs have every field of every operation. */
export interface RightInput {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

const sandbox_id = "s0-4k7m2x9qwe3rty5zpbna";

const of = (operation: string, ...inputs: RightInput["input"][]): RightInput[] =>
  inputs.map((input) => ({ operation, input: operation === "clone" ? input : { sandbox_id, ...input } }));

const repo_url = "https://github.com/octo-org/hello";

export const RIGHT_INPUTS: readonly RightInput[] = [
  ...of(
    "clone",
    { repo_url, branch: "main", agent_id: "ada", task_id: "42", shallow: true, sparse: ["docs"] },
    { repo_url, agent_id: "7", filter: "blob:none", sparse: ["docs", "src/lib"] },
    { repo_url, revision: "v1.0.0", filter: "tree:0" },
  ),
  ...of("status", {}, { limit: 5, cursor: "0" }),
  ...of("diff", {}, { file: "README.md", staged: true, cursor: "0", max_bytes: 4096 }, { base: "main", file: "docs" }),
  ...of(
    "read",
    {},
    { path: "README.md", start_line: 1, end_line: 2, max_bytes: 4096 },
    { path: "docs", ref: "main", cursor: "0" },
  ),
  ...of(
    "edit",
    { files: [{ path: "a.txt", content: "a\n", executable: true }] },
    { files: [{ path: "empty.txt", content: "" }] },
    {
      files: [
        { path: "b.bin", base64: "AAEC" },
        { path: "[id].txt", content: '["a"]' },
      ],
    },
    { files: [{ path: "README.md", old: "# Small", new: "# Large", all: true }] },
    { files: [{ path: "README.md", old: "\n\nA little of everything.", new: "" }] },
    { files: [{ path: "run.sh", content: "x\n", mode: "755" }] },
    { files: [{ path: "to-readme", link: "README.md" }] },
    { files: [{ path: "README.md", delete: true }] },
    { files: [{ path: "README.md", move_to: "docs/README.md", executable: false }] },
    { patch: "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# Small\n+# Large\n" },
  ),
  ...of(
    "search",
    { pattern: "one" },
    { pattern: "o.e", regex: true, ignore_case: true, path: "docs", ref: "main", limit: 3, cursor: "0" },
  ),
  ...of(
    "log",
    {},
    {
      ref: "main",
      since: "2020-01-01",
      until: "2040-01-01",
      author: "a",
      files: true,
      path: "docs",
      limit: 3,
      cursor: "0",
    },
  ),
  ...of("blame", { path: "README.md" }, { path: "README.md", ref: "main", start_line: 1, end_line: 2, cursor: "1" }),
  ...of("branch", {}, { cursor: "0" }, { name: "topic", create: true, from: "main" }, { name: "topic", delete: true }),
  ...of("pull", {}, { rebase: false, from: "main", deepen: 3 }),
  ...of(
    "push",
    { message: "All" },
    { message: "Some", files: ["a.txt", "docs"], to: "topic" },
    { message: "One", files: ["a.txt"], amend: true },
    { message: "Fixture", files: ["a.txt"], allow_secrets: ["a.txt"] },
    { message: "Merge", resolve: { "a.txt": "ours" } },
  ),
  ...of(
    "restore",
    { paths: ["a.txt"] },
    { paths: ["docs", "a.txt"], staged: true },
    { all: true },
    { to: "origin/main", keep: true },
  ),
  ...of("apply", { commits: ["main"] }, { commits: ["main", "topic"], revert: true }),
  ...of("tag", {}, { cursor: "0" }, { name: "v1", ref: "main", message: "One", push: true }),
];
