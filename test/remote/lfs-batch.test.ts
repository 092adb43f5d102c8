import { expect, test } from "vitest";
import { batchRequest, messageIn, readBatch, turnOf } from "../../src/remote/lfs-batch.ts";

const oid = "4d".repeat(32);
const turn = (object: object) => {
  const answer = readBatch(JSON.stringify({ transfer: "basic", objects: [{ oid, size: 1, ...object }] }));
  return answer && turnOf(oid, answer);
};

test("a request names the objects, the transfer and the kind of hash", () => {
  expect(JSON.parse(batchRequest([{ oid, size: 1 }]))).toEqual({
    operation: "upload",
    transfers: ["basic"],
    hash_algo: "sha256",
    objects: [{ oid, size: 1 }],
  });
});

test("an object that the host has", () => {
  for (const none of [{}, { actions: null }, { actions: {} }, { actions: { upload: null } }]) {
    expect(turn(none)).toEqual({ kind: "present" });
  }
});

test("an object to upload, with what comes after it", () => {
  const upload = { href: "https://s.example/1", header: { a: "b" } };
  expect(turn({ actions: { upload } })).toEqual({ kind: "upload", upload });
  const verify = { href: "https://s.example/v", header: null };
  expect(turn({ authenticated: true, actions: { upload, verify } })).toEqual({ kind: "upload", upload, verify });
});

test("an object that the host refuses: its words in one line, and not too many", () => {
  expect(turn({ error: { code: 422, message: "too\n large " } })).toEqual({ kind: "refused", said: "too large" });
  expect(turn({ error: { code: 422 } })).toEqual({ kind: "refused", said: "error 422" });
  expect(turn({ error: { message: "x ".repeat(1000) } })).toEqual({ kind: "refused", said: "x ".repeat(150).trim() });
  const answer = readBatch('{"objects":[]}');
  expect(answer && turnOf(oid, answer)).toMatchObject({ kind: "refused" });
});

test.each([
  "<html>",
  "",
  "[]",
  "null",
  '{"objects":"x"}',
  '{"objects":[{}]}',
  '{"objects":[{"oid":"1","actions":{"upload":{"href":1}}}]}',
  '{"objects":[{"oid":"1","actions":{"upload":{"href":"x","header":{"a":1}}}}]}',
  '{"transfer":"multipart","objects":[]}',
  '{"hash_algo":"sha512","objects":[]}',
])("%j: not an answer of Git LFS that can be followed", (text) => {
  expect(readBatch(text)).toBeUndefined();
});

test("the words of an error", () => {
  expect(messageIn('{"message":"no\\nroom"}')).toBe("no room");
  for (const text of ["<html>", "{}", '{"message":1}']) expect(messageIn(text)).toBe("");
});
