import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { push } from "../../src/ops/push.ts";
import { SECRET_FORMS } from "../../src/policy/secrets.ts";
import {
  awsId,
  awsSecret,
  beginKey,
  fineGrained,
  githubToken,
  glpat,
  keyFile,
  routableGlpat,
  slack,
  stripe,
  varied,
} from "./fake-secrets.ts";
import { cloneForEach, type Home, policyWith } from "./support.ts";

let home: Home;
cloneForEach(
  (origin) => {
    writeFileSync(join(origin.tree, "a.txt"), "one\n");
    origin.publish("first");
  },
  { agent_id: "ada", task_id: "t1" },
  (made) => {
    ({ home } = made);
  },
);

const write = (path: string, content: string | Uint8Array) => writeFileSync(join(home.tree, path), content);

const inJson = (text: string) => JSON.stringify({ key: text });
const token = githubToken("ghp");
const wrongSum = token.slice(0, -1) + (token.endsWith("0") ? "1" : "0");

/** The name of the form, the content, and the line where the secret begins. */
const SECRETS: readonly (readonly [form: string, content: string, line?: number])[] = [
  ["aws_key", `id: ${awsId()}\nregion: eu\nsecret: ${awsSecret()}\n`, 3],
  ["aws_key", `client("${awsId("ASIA")}", "${awsSecret()}")\n`],
  ["aws_secret", `[default]\naws_secret_access_key = ${awsSecret()}\n`, 2],
  ["aws_secret", `export AWS_SECRET_ACCESS_KEY="${awsSecret()}"\n`],
  ["aws_secret", `{"SecretAccessKey": "${awsSecret()}"}\n`],
  ...["ghp", "gho", "ghu", "ghs", "ghr"].map((prefix) => ["github_token", `x\ny ${githubToken(prefix)}\n`, 2] as const),
  ["github_token", `ghr_${varied(76)}`],
  ["github_fine_grained_token", `token=${fineGrained()}`],
  ["gitlab_token", `curl -H "PRIVATE-TOKEN: ${glpat()}"`],
  ["gitlab_token", `'${routableGlpat()}'`],
  ...["b", "p", "a", "r", "e", "s", "o"].map((kind) => ["slack_token", `${slack(kind)}\r\n`] as const),
  ["stripe_key", `Stripe("${stripe("sk")}")`],
  ["stripe_key", stripe("rk")],
  ...["RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ", ""].map((kind) => ["private_key", keyFile(kind)] as const),
  ["private_key", inJson(keyFile(""))],
  ["private_key", `a\r\n${keyFile("").replaceAll("\n", "\r\n")}`, 2],
  ["private_key", `${beginKey()}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n${varied(64)}\n`],
  ["private_key", `k = "${beginKey("")}\\n" +\n    "${varied(64)}\\n"\n`],
];

/** Texts that resemble a secret but are none. */
const NEAR_MISSES: readonly string[] = [
  awsId(),
  `${awsId()}\n${varied(40).toLowerCase()}\n`,
  `${awsId()}\n${varied(41)}\n`,
  `AKIAIOSFODNN7EXAMPLE ${["wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYEXAMPLEKEY"].join("/")}\n`,
  `aws_secret_access_key = ${"x".repeat(40)}\n`,
  "aws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}\n",
  `sha = ${"0123456789abcdef".repeat(3).slice(0, 40)}\n`,
  wrongSum,
  `ghp_${"x".repeat(36)}`,
  `ghp_${varied(35)}`,
  `ghx_${varied(36)}`,
  `my${token}`,
  `github_pat_${"x".repeat(22)}_${"x".repeat(59)}`,
  `github_pat_${varied(21)}_${varied(59)}`,
  `glpat-${varied(19)}`,
  `glpat-${"x".repeat(20)}`,
  `glpat-${varied(21)}`,
  "xoxb-your-token-here",
  "xoxb-123456789012-123456789012-xxxxxxxxxxxxxxxxxxxxxxxx",
  `xoxz-${varied(12, 1, "0123456789")}-${varied(24)}`,
  `sk_test_${varied(24)}`,
  `pk_live_${varied(24)}`,
  `sk_live_${"x".repeat(24)}`,
  `sk_live_${varied(19)}`,
  `${beginKey()}\n`,
  `if (text.startsWith("${beginKey()}")) return parse(text);\n`,
  `${beginKey()}\n${"x".repeat(64)}\n`,
  `${beginKey()}\n...\n`,
  beginKey().replace("PRIVATE", "PUBLIC") + `\n${varied(64)}\n`,
  `-----BEGIN CERTIFICATE-----\n${varied(64)}\n`,
];

test("each form of a secret is found with its line, and nothing is told of its value", async () => {
  for (const [n, [, content]] of SECRETS.entries()) write(`f${n}`, content);
  const { code, rules = [], message } = await home.failure(push, { message: "m" });
  expect(code).toBe("rule_broken");
  const expected = SECRETS.map(([form, , line = 1], n) => ({ path: `f${n}`, line, form }));
  const words = (form: string) => SECRET_FORMS.find(({ name }) => name === form)?.words;
  for (const { path, line, form } of expected) {
    const found = rules.filter((rule) => rule.path === path);
    expect(found, `${path}: ${form}`).toMatchObject([{ rule: "secrets", line }]);
    expect(found[0]?.detail).toContain(`Line ${line} of ${path} looks like ${words(form)}.`);
  }
  expect(rules).toHaveLength(SECRETS.length);
  const told = JSON.stringify([rules, message]);
  for (const [, content] of SECRETS) {
    for (const [value] of content.matchAll(/[A-Za-z0-9+/_-]{20,}/g)) expect(told).not.toContain(value);
  }
});

test("the corpus has every form", () => {
  expect(new Set(SECRETS.map(([form]) => form))).toEqual(new Set(SECRET_FORMS.map(({ name }) => name)));
});

test("every form is on docs/policy.md, with its source", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/policy.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \| [^|]+ \| \[[^\]]+\]\((\S+)\) \|$/gm)];
  expect(rows.map(([, name, source]) => ({ name, source }))).toEqual(
    SECRET_FORMS.map(({ name, source }) => ({ name, source })),
  );
});

test("a hint is in every text of its form, and is a plain text", () => {
  for (const [form, content] of SECRETS) {
    const hints = SECRET_FORMS.find(({ name }) => name === form)?.hint.split("|") ?? [];
    expect(hints.some((hint) => content.includes(hint))).toBe(true);
    for (const hint of hints) expect(hint).toMatch(/^[\w -]{4,}$/);
  }
});

test("what only resembles a secret is pushed", async () => {
  for (const [n, content] of NEAR_MISSES.entries()) write(`f${n}`, content);
  expect(await home.run(push, { message: "m" })).toMatchObject({ committed: true, pushed: true });
});

test("in a large file, in a binary file and in a link, wherever pieces of it meet", async () => {
  const MIB = 1024 * 1024;
  const places = [0, 4000, 4095, 4096, 4097, MIB - 4096, MIB - 20, MIB - 1, MIB, MIB + 1, 2 * MIB + 4095];
  for (const at of places) {
    const lines = Math.floor(at / 100);
    const before = `${"x".repeat(99)}\n`.repeat(lines) + " ".repeat(at - lines * 100);
    write(`at-${at}`, `${before}${githubToken("ghp")} ${"y\n".repeat(3000)}`);
  }
  write("binary", Buffer.concat([Buffer.from([0, 1, 2, 255, 254]), Buffer.from(keyFile("EC ")), Buffer.alloc(10)]));
  symlinkSync(glpat(), join(home.tree, "link"));
  const { rules = [] } = await home.failure(push, { message: "m" });
  expect(Object.fromEntries(rules.map(({ path, line }) => [path, line]))).toEqual({
    ...Object.fromEntries(places.map((at) => [`at-${at}`, Math.floor(at / 100) + 1])),
    binary: 1,
    link: 1,
  });
  expect(rules).toHaveLength(places.length + 2);
});

test("a secret that the remote has already is not new: the line moves, the file moves, the file goes", async () => {
  const [one, two] = [githubToken("ghp", 1), githubToken("ghp", 2)];
  home.policy = policyWith({ secrets: "off" });
  write("old.txt", `${one}\n`);
  write("other.txt", keyFile());
  await home.run(push, { message: "as it was" });
  home.policy = policyWith({});
  write("old.txt", `more\n  indented: ${one}\n`);
  expect(await home.run(push, { message: "moves in its file" })).toMatchObject({ pushed: true });
  home.git("mv", "old.txt", "new.txt");
  write("new.txt", `changed\n${one}\n`);
  home.git("mv", "other.txt", "moved.txt");
  expect(await home.run(push, { message: "moves to another file" })).toMatchObject({ pushed: true });
  write("new.txt", `${one}\n${two}\n`);
  expect((await home.failure(push, { message: "a second" })).rules).toMatchObject([{ path: "new.txt", line: 2 }]);
  write("new.txt", "nothing\n");
  expect(await home.run(push, { message: "goes" })).toMatchObject({ pushed: true });
});

test("a call may name files in which it is none, unless the operator forbids that", async () => {
  write("test key.pem", keyFile());
  write("-b\n", `${glpat()}\n`);
  const refused = await home.failure(push, { message: "m" });
  expect(refused.message).toMatch(/^Nothing was committed or pushed\. Line 1 of /);
  expect(refused.rules).toMatchObject([{ path: "-b\n" }, { path: "test key.pem" }]);
  expect(refused.rules?.[1]?.detail).toContain('push {allow_secrets: ["test key.pem"]}');
  const one = await home.failure(push, { message: "m", allow_secrets: ["test key.pem"] });
  expect(one.rules).toMatchObject([{ path: "-b\n" }]);
  home.policy = policyWith({ allow_secrets: false });
  const forbidden = await home.failure(push, { message: "m", allow_secrets: ["test key.pem", "-b\n"] });
  expect(forbidden.rules).toHaveLength(2);
  expect(forbidden.message).not.toContain("allow_secrets");
  home.policy = policyWith({});
  const pushed = await home.run(push, { message: "m", allow_secrets: ["test key.pem", "-b\n"] });
  expect(pushed).toMatchObject({ pushed: true });
  expect(pushed).not.toHaveProperty("rules");
  expect(await home.run(push)).toMatchObject({ pushed: false });
});

test("the operator may have it told instead, or not looked for", async () => {
  home.policy = policyWith({ secrets: "tell" });
  write("a.txt", `one\n${stripe("sk")}\n`);
  const { rules = [], pushed } = await home.run(push, { message: "m" });
  expect(pushed).toBe(true);
  expect(rules).toMatchObject([{ rule: "secrets", path: "a.txt", line: 2 }]);
  expect(rules[0]?.detail).toContain("the remote has it now");
  home.policy = policyWith({ secrets: "off" });
  write("a.txt", keyFile());
  expect(await home.run(push, { message: "m" })).not.toHaveProperty("rules");
});
