import { describe, expect, test } from "vitest";
import { binaryOf, readPayload } from "../../src/signing/payload.ts";

const ID = "1234567890".repeat(4);
const MAKER = { name: "Warmtree", email: "agent@warmtree.invalid" };
const WHO = "Warmtree <agent@warmtree.invalid> 1790000000 +0000";
const commit = (headers = "", maker = WHO) =>
  `tree ${ID}\nparent ${ID}\nauthor A U Thor <a@example.com> 1700000000 -0230\ncommitter ${maker}\n${headers}\nmessage\n\nmore\n`;
const tag = (tagger = WHO, type = "commit") => `object ${ID}\ntype ${type}\ntag v1\ntagger ${tagger}\n\nmessage\n`;

describe("readPayload takes what this service makes:", () => {
  test.each([
    ["a commit", commit()],
    ["one in another encoding", commit("encoding ISO-8859-1\n")],
    ["a first commit", commit().replace(/parent .*\n/, "")],
    ["a merge", commit().replace(/(parent .*\n)/, "$1$1")],
    ["one of a SHA-256 repository", commit().replaceAll(ID, "ab".repeat(32))],
    ["one without a message", commit().replace(/message[^]*/, "")],
  ])("%s", (_, text) => {
    expect(readPayload(text, MAKER)).toEqual({ kind: "commit", madeAtS: 1_790_000_000 });
  });

  test("a tag", () => {
    expect(readPayload(tag(), MAKER)).toEqual({ kind: "tag", madeAtS: 1_790_000_000 });
  });

  test("by a name that is not ASCII", () => {
    const written = binaryOf(new TextEncoder().encode("Bøt <b@example.com> 1790000000 +0000"));
    expect(readPayload(commit("", written), { name: "Bøt", email: "b@example.com" })).toMatchObject({ kind: "commit" });
  });

  test.each(["A <a <x@b> 1 +051800", "A <a@b>", " <> 99999999999999 -7"])("of an odd author: %s", (author) => {
    expect(readPayload(commit().replace(/author .*/, `author ${author}`), MAKER)).toMatchObject({ kind: "commit" });
  });
});

describe("readPayload refuses", () => {
  const OTHER = "Mallory <m@example.com> 1790000000 +0000";
  test.each([
    ["a commit of another committer", commit("", OTHER), "its maker is another"],
    ["a tag of another", tag(OTHER), "its maker is another"],
    ["a name that only begins so", commit("", `x${WHO}`), "its maker is another"],
    ["a second committer", commit(`committer ${OTHER}\n`), "neither"],
    ["a signed one", commit("gpgsig x\n"), "neither"],
    ["an unknown header", commit("mergetag object\n"), "neither"],
    ["a NUL", commit().replace("more", "\0"), "neither"],
    ["a tag of a tree", tag(WHO, "tree"), "neither"],
    ["a parent before the tree", commit().replace(/(tree.*\n)(parent.*\n)/, "$2$1"), "neither"],
    ["17 parents", commit().replace(/(parent .*\n)/, "$1".repeat(17)), "neither"],
    ["an id in capitals", commit().replaceAll(ID, "A".repeat(40)), "neither"],
    ["a blob", "tree\n\n", "neither"],
    ["nothing", "", "neither"],
  ])("%s", (_, text, reason) => {
    expect(readPayload(text, MAKER)).toEqual({ reason: expect.stringContaining(reason) });
  });
});
