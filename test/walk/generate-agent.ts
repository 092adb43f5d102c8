import { type Random, uniformInt } from "../../scripts/simulate/random.ts";
import { weighted } from "./weighted.ts";
import { BRANCHES, contentOf, PATHS, pick } from "./names.ts";
import type { Special, Step } from "./steps.ts";

/** Returns a step of an agent in its workspace. A commit of the step carries the token. */
export function agentStep(random: Random, workspace: number, token: string): Step {
  const one = <T>(from: readonly T[]) => pick(random, from);
  const maybe = (chance: number, part: () => object) => (random() < chance ? part() : {});
  const call = (operation: string, body: object): Step => ({ by: "agent", workspace, operation, body: { ...body } });
  const special = (what: Special): Step => ({ by: "agent", workspace, special: what });
  const line = (): Step =>
    special({
      kind: "line",
      path: one(["a.txt", "dir/c.txt", "dir/sub/d", "run.sh", "b.txt"]),
      line: one([1, 4, 8]),
      text: `line by ${token}`,
    });
  return weighted(random, [
    [6, line],
    [6, () => call("edit", { files: editOf(random, token) })],
    // Turns a file into a folder.
    [0.5, () => call("edit", { files: intoFolder(one(["a.txt", "--", "link", "empty"]), token) })],
    [
      10,
      () =>
        call("push", {
          message: `${token} ${one(["says", "-x", "ünï\n\nbody", '"q"'])}`,
          ...maybe(0.4, () => ({ to: one(["main", "main", ...BRANCHES]) })),
          ...maybe(0.1, () => ({ files: [one(PATHS)] })),
        }),
    ],
    [
      8,
      () =>
        call("pull", {
          ...maybe(0.35, () => ({ rebase: one([true, false, false]) })),
          ...maybe(0.1, () => ({ from: one(BRANCHES) })),
          ...maybe(0.1, () => ({ deepen: 1 })),
        }),
    ],
    [4, () => special({ kind: "settle", how: one(["merge", "merge", "restore"]), token })],
    [2, () => call("branch", { name: one(BRANCHES) })],
    [2, () => call("branch", { name: one(BRANCHES), create: true, ...maybe(0.7, () => ({ from: one(BRANCHES) })) })],
    [1, () => call("restore", { all: true })],
    [1, () => call("restore", { paths: [one(PATHS)], ...maybe(0.3, () => ({ staged: true })) })],
    [
      1,
      () =>
        call("search", {
          pattern: one(["line by", "line 4", "-", "\\"]),
          ...maybe(0.4, () => ({ ref: one(["HEAD", ...BRANCHES]) })),
          ...maybe(0.3, () => ({ path: one(PATHS) })),
        }),
    ],
    [
      1,
      () => call("log", { ...maybe(0.5, () => ({ ref: one(BRANCHES) })), ...maybe(0.5, () => ({ path: one(PATHS) })) }),
    ],
    [1, () => call("diff", { base: one(BRANCHES), ...maybe(0.3, () => ({ staged: true })) })],
    [1, () => call("read", { path: one(PATHS), ...maybe(0.5, () => ({ ref: one([...BRANCHES, "HEAD"]) })) })],
    [0.7, () => special({ kind: "pause" })],
    [0.3, () => special({ kind: "resume" })],
  ]);
}

function editOf(random: Random, token: string): object[] {
  const paths = new Set(Array.from({ length: uniformInt(random, 1, 3) }, () => pick(random, PATHS)));
  return Array.from(paths, (path, at) => {
    const bytes = contentOf(random, `${token}.${at}`);
    const executable = random() < 0.15 ? { executable: random() < 0.7 } : {};
    return weighted(random, [
      [7, () => ({ path, ...textOrBase64(bytes), ...executable })],
      [1, () => ({ path, content: "", ...executable })],
      [1.5, () => ({ path, delete: true })],
      [1, () => ({ path, move_to: `moved/${token}` })],
    ]);
  });
}

const intoFolder = (path: string, token: string) => [
  { path, delete: true },
  { path: `${path}/inner`, content: `in a folder by ${token}\n` },
];

function textOrBase64(bytes: Buffer): object {
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) && !text.includes("\0")
    ? { content: text }
    : { base64: bytes.toString("base64") };
}
