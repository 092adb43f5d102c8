import { createServer, type RequestListener } from "node:http";
import { afterEach, expect, test } from "vitest";
import { listen } from "../../scripts/support/listen.ts";
import { Cleanups } from "../../scripts/support/cleanups.ts";
import { storeForLfs } from "../../src/execution/lfs.ts";

let cleanups = new Cleanups();
afterEach(async () => {
  await cleanups.run();
  cleanups = new Cleanups();
});

async function storedAt(answer: RequestListener, operationTimeoutS = 30, count = 1) {
  const server = createServer(answer);
  const origin = `http://127.0.0.1:${await listen(server, 0)}`;
  cleanups.add(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  const contents = Array.from({ length: count }, (_, at) => ({ path: `${at}.bin`, bytes: Buffer.from(`${at}`) }));
  const config = { allowedGitHosts: [origin], operationTimeoutS, githubToken: undefined };
  return storeForLfs(contents, { url: `${origin}/r.git` }, { config });
}

test("a host that never answers: told within the time of an operation", async () => {
  expect(await storedAt(() => undefined, 0.1)).toMatchObject({
    ok: false,
    error: { code: "timeout", details: { work: { pushed: false, tree: "unchanged" } } },
  });
});

test("a host that breaks off: git_unreachable", async () => {
  const answer: RequestListener = (request) => request.socket.destroy();
  expect(await storedAt(answer)).toMatchObject({ ok: false, error: { code: "git_unreachable" } });
});

test("an answer without end is not read to its end", async () => {
  const answer: RequestListener = (_, response) => {
    const part = Buffer.alloc(64 * 1024, " ");
    const more = () => {
      while (!response.destroyed && response.write(part)) continue;
    };
    response.on("drain", more);
    more();
  };
  expect(await storedAt(answer)).toMatchObject({ ok: false, error: { code: "git_unreachable" } });
});

test("more files than one request to the host takes: refused before it is asked", async () => {
  let asked = 0;
  const answer: RequestListener = (_, response) => {
    asked++;
    response.writeHead(404).end();
  };
  expect(await storedAt(answer, 30, 100)).toBeUndefined();
  expect(asked).toBe(1);
  const stored = await storedAt(answer, 30, 101);
  expect(stored).toMatchObject({ ok: false, error: { code: "invalid_input", details: { field: "files" } } });
  expect(asked).toBe(1);
});
