import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stack, startStack } from "../../scripts/harness/stack.ts";
import { driveEchoHost } from "../support/echo-drive.ts";
import { type EchoHost, startEchoHost } from "../support/echo-host.ts";
import { foundIn } from "../support/token-forms.ts";

const KEY = "wt_echo_5f0d3a7b91c2";
const logged: string[] = [];
let host: EchoHost;
let stack: Stack;

beforeAll(async () => {
  host = await startEchoHost();
  const API_KEYS = `echo=${createHash("sha256").update(KEY).digest("hex")}`;
  stack = await startStack({ bindings: { API_KEYS, ALLOWED_GIT_HOSTS: host.url }, log: (line) => logged.push(line) });
});
afterAll(async () => {
  await stack.close();
  await host.close();
});

/** A valid token with characters that URLs, JSON and HTML escape. */
const ODD_TOKEN = 'tok_"9f8e7d6c5b4a\\3f2e1d0c/+&%=odd';

test.each(["ghp_3b9aEchoed70c1d2F4e5A6b7C8d9E0f1", ODD_TOKEN])(
  "a git host that sends the credential back gets it into no answer: %s",
  async (token) => {
    const before = host.received().length;
    const calls = await driveEchoHost({ workerUrl: stack.url, key: KEY, hostUrl: host.url, token });
    expect(calls).toBeGreaterThan(30);
    // The host received the token in every way.
    const authorization = `Basic ${btoa(`x-access-token:${token}`)}`;
    const asked = host
      .received()
      .slice(before)
      .filter((each) => each.authorization === authorization);
    const ways = new Set(asked.map(({ path }) => path.split("/")[1]));
    expect([...ways].sort()).toEqual([
      "body.git",
      "err.git",
      "late-err.git",
      "mirror.git",
      "redirect.git",
      "refuse.git",
    ]);
    expect(foundIn(logged.join("\n"), token)).toEqual([]);
    console.log(`${calls} calls of a host that sends the credential back: none answered with it`);
  },
);
