import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, asyncProperty, integer, nat, oneof, record, uint8Array } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newSigningKey } from "../../scripts/support/api-key.ts";
import { bytesOf } from "../../src/signing/payload.ts";
import { type Signer, signerOf } from "../../src/signing/signer.ts";
import { signedId } from "../../src/signing/signed-object.ts";
import { HAS_SSH_KEYGEN } from "../support/ssh-keygen.ts";

const MAKER = { name: "Warmtree", email: "agent@warmtree.invalid" };
const WHO = "Warmtree <agent@warmtree.invalid> 1790000000 +0000";
const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const PAYLOAD = `tree ${TREE}\nauthor ${WHO}\ncommitter ${WHO}\n\nmessage\n`;

let folder: string;
let signer: Signer;
let other: Signer;
const git = (input: string | Uint8Array, ...args: string[]) =>
  execFileSync("git", ["-C", folder, ...args], { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] }).trim();
const signerOfKey = (key: string) => signerOf(bytesOf(atob(key)));

/** Returns a commit with its signature in the place where git puts it. */
async function signedCommit(by = signer, payload = PAYLOAD): Promise<string> {
  const armor = (await by.sign(bytesOf(payload))).trimEnd().replaceAll("\n", "\n ");
  return payload.replace("\n\n", () => `\ngpgsig ${armor}\n\n`);
}
const idOf = (object: string) => signedId(bytesOf(object), 40, [signer], MAKER);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "warmtree-signer-"));
  git("", "init", "-q");
  git("", "write-tree");
  const key = await newSigningKey();
  signer = await signerOfKey(key.key);
  other = await signerOfKey((await newSigningKey()).key);
  expect(signer.publicKey).toBe(key.publicKey);
  writeFileSync(join(folder, "signers"), `* ${key.publicKey}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("git stores the signed commit under the id that the broker computes", async () => {
  const object = await signedCommit();
  expect(await idOf(object)).toBe(git(object, "hash-object", "-t", "commit", "-w", "--stdin"));
});

test("ssh-keygen calls the signature good, and that of another key not", async (context) => {
  if (!HAS_SSH_KEYGEN) return context.skip("ssh-keygen is not installed");
  const verify = (object: string) => {
    const id = git(object, "hash-object", "-t", "commit", "-w", "--stdin");
    const own = ["-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile=signers"];
    return git("", ...own, "log", "-1", "--format=%G?", id);
  };
  expect(verify(await signedCommit())).toBe("G");
  expect(verify(await signedCommit(other))).toBe("U");
});

test("another key's signature, a changed commit, two signatures and another committer count as unsigned", async () => {
  const object = await signedCommit();
  expect(await idOf(await signedCommit(other))).toBeUndefined();
  expect(await idOf(object.replace("message", "massage"))).toBeUndefined();
  expect(await idOf(object.replace(/\ngpgsig [^]*?\n(?! )/, (header) => header + header.slice(1)))).toBeUndefined();
  const foreign = PAYLOAD.replace("committer Warmtree", "committer Mallory");
  expect(await idOf(await signedCommit(signer, foreign))).toBeUndefined();
  expect(await idOf(PAYLOAD)).toBeUndefined();
});

test("no changed byte of a signed commit keeps its id and its signature", async () => {
  const object = await signedCommit();
  const id = await idOf(object);
  const at = integer({ min: 0, max: object.length - 1 });
  await assert(
    asyncProperty(at, integer({ min: 1, max: 255 }), async (index, change) => {
      const bytes = bytesOf(object);
      bytes[index] = (bytes[index] ?? 0) ^ change;
      expect(await signedId(bytes, 40, [signer], MAKER)).not.toBe(id);
    }),
    { numRuns: 300 },
  );
});

test("no bytes make it throw", async () => {
  const object = await signedCommit();
  const part = record({ from: nat(object.length), to: nat(object.length) });
  const piece = oneof(
    uint8Array({ maxLength: 40 }),
    part.map(({ from, to }) => bytesOf(object.slice(from, to))),
  );
  await assert(
    asyncProperty(array(piece, { maxLength: 6 }), async (pieces) => {
      const bytes = new Uint8Array(pieces.flatMap((one) => [...one]));
      const id = await signedId(bytes, 40, [signer], MAKER);
      if (id !== undefined) expect(Buffer.from(bytes).toString("latin1")).toBe(object);
    }),
    { numRuns: 500 },
  );
});
