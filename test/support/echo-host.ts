import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findHttpBackend, serveBackend } from "../../scripts/sample-remote/http-backend.ts";
import { makeRepository } from "../../scripts/sample-remote/repositories.ts";
import { Cleanups } from "../../scripts/support/cleanups.ts";
import { listen } from "../../scripts/support/listen.ts";
import { pktLine } from "../../src/remote/pkt-line.ts";
import { printed } from "./token-forms.ts";

/** A request as the host got it. */
interface Received {
  readonly path: string;
  readonly authorization: string | undefined;
}

/**
 * A git host that sends the received credential back, among terminal sequences. A repository's name tells the way:
 * `err`, `late-err`, `body`, `redirect` answer no git; `refuse` takes no push; the content of `mirror` is the
 * credential; `plain` is an ordinary repository.
 */
export interface EchoHost {
  /** Without a trailing slash. */
  readonly url: string;
  /** Every request so far, in order. */
  received(): readonly Received[];
  close(): Promise<void>;
}

const ADVERTISED = `${pktLine("# service=git-upload-pack\n")}0000`;
const REPOSITORIES = ["refuse", "mirror", "plain"];
const PRE_RECEIVE = '#!/bin/sh\ncat "$GIT_DIR/said" >&2\nexit 1\n';

/** The start of upload-pack's answer in protocol version 2. */
const CAPABLE = ["version 2\n", "ls-refs=unborn\n", "fetch=shallow filter\n", "object-format=sha1\n"];

/** Serves on a free port of 127.0.0.1. */
export async function startEchoHost(): Promise<EchoHost> {
  const cleanups = new Cleanups();
  const root = await mkdtemp(join(tmpdir(), "warmtree-echo-"));
  cleanups.add(() => rm(root, { recursive: true, force: true }));
  for (const name of REPOSITORIES) await makeRepository(root, name, { files: 5, commits: 2 });
  await refusePushes(join(root, "refuse.git"));

  const received: Received[] = [];
  const backend = findHttpBackend();
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1");
    received.push({ path: pathname, authorization });
    const [, way = "", service = ""] = /^\/([\w-]+)(?:\.git)?\/(.*)$/.exec(pathname) ?? [];
    const serve = async () => {
      const said = authorization === undefined ? "nobody" : printed(authorization);
      if (!REPOSITORIES.includes(way)) return echo(way, service, said, response);
      if (way === "refuse") await writeFile(join(root, "refuse.git", "said"), said);
      if (way === "mirror" && service === "info/refs" && authorization) mirror(join(root, "mirror.git"), authorization);
      return serveBackend(backend, { root, path: `/${way}.git/${service}`, query: search.slice(1) }, request, response);
    };
    serve().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  const port = await listen(server, 0);
  cleanups.add(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${port}`, received: () => received, close: () => cleanups.run() };
}

/** Sends the text where git would send its own messages. */
function echo(way: string, service: string, said: string, response: ServerResponse): void {
  const type = `application/x-git-upload-pack-${service === "info/refs" ? "advertisement" : "result"}`;
  const error = pktLine(`ERR ${said}\n`);
  if (way === "err") response.writeHead(200, { "Content-Type": type }).end(ADVERTISED + error);
  else if (way === "late-err") {
    const capable = `${ADVERTISED}${CAPABLE.map(pktLine).join("")}0000`;
    response.writeHead(200, { "Content-Type": type }).end(service === "info/refs" ? capable : error);
  } else if (way === "body") response.writeHead(403, { "Content-Type": "text/plain" }).end(`${said}\n`);
  else if (way === "redirect") response.writeHead(302, { Location: `/err.git/${encodeURIComponent(said)}` }).end();
  else response.writeHead(404).end();
}

async function refusePushes(repository: string): Promise<void> {
  const hook = join(repository, "hooks", "pre-receive");
  await mkdir(join(repository, "hooks"), { recursive: true });
  await writeFile(hook, PRE_RECEIVE);
  await chmod(hook, 0o755);
}

/** Makes a commit with the credential as message, author, file name and content, on a branch named after it. */
function mirror(repository: string, authorization: string): void {
  const git = (args: readonly string[], input = "") =>
    execFileSync("git", ["-C", repository, ...args], { encoding: "utf8", input }).trim();
  const said = printed(authorization, { terminal: false });
  const credential = authorization.replace(/^Basic /, "");
  const blob = git(["hash-object", "-w", "--stdin"], `${said}\n`);
  const tree = git(["mktree"], `100644 blob ${blob}\t${encodeURIComponent(authorization)}\n`);
  const author = ["-c", `user.name=${credential}`, "-c", `user.email=${credential}`];
  const commit = git([...author, "commit-tree", tree, "-m", said, "-p", "main"]);
  const branch = `refs/heads/${encodeURIComponent(credential)}`;
  git(["update-ref", branch, commit]);
  git(["symbolic-ref", "HEAD", branch]);
}
