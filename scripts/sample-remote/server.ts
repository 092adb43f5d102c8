import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "../support/listen.ts";
import { isToLocalName } from "../local-e2b/http/local-name.ts";
import { isAuthorized } from "./auth.ts";
import type { GitServerAuth } from "./auth.ts";
import { findHttpBackend, serveBackend } from "./http-backend.ts";
import { LFS_ROUTES, serveLfs } from "./lfs.ts";
import type { LfsFaults } from "./lfs.ts";

export interface GitServerOptions {
  /** Folder of the bare repositories; `<root>/small.git` is served as `<url>/small.git`. */
  readonly root: string;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly auth?: GitServerAuth;
  readonly faults?: GitServerFaults;
}

/** Faults apply to requests that reach a repository and may read it. */
interface GitServerFaults {
  /** Milliseconds to wait before each request is handled. */
  readonly delayMs?: number;
  readonly lfs?: LfsFaults;
  /**
   * Answers the next `count` requests (of one repository, if it is named) with this HTTP status, a Retry-After header
   * if a time is given, and no body.
   */
  readonly fail?: {
    readonly count: number;
    readonly status: number;
    readonly retryAfterS?: number;
    readonly repository?: string;
  };
}

interface GitServerCounters {
  /** All HTTP requests, including refused ones. */
  readonly requests: number;
  /** Requests for refs and capabilities (GET info/refs), with which every fetch and push begins. */
  readonly discoveries: number;
  /** Requests that carried a fetch or a push (POST git-upload-pack, POST git-receive-pack). */
  readonly fetches: number;
  readonly pushes: number;
  /** Requests of Git LFS. */
  readonly lfs: number;
  /** Bytes on the connections, including HTTP heads. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export interface GitServer {
  /** URL without a trailing slash, such as `http://127.0.0.1:9418`. */
  readonly url: string;
  readonly root: string;
  counters(): GitServerCounters;
  /** Replaces all faults; `{}` ends them. */
  setFaults(faults: GitServerFaults): void;
  /** Ends every connection and the git processes behind it. */
  close(): Promise<void>;
}

/** The smart protocol's three routes, and Git LFS; no path segment of a repository name can start with a dot. */
const ROUTE = new RegExp(
  `^/((?:\\w[\\w.-]*/)*\\w[\\w.-]*?)(?:\\.git)?/(info/refs|git-upload-pack|git-receive-pack|${LFS_ROUTES})$`,
);

/** Serves bare repositories over git's smart HTTP protocol (fetch, push) on 127.0.0.1. Rejects if the port is taken. */
export async function startGitServer({ root, port = 0, auth, faults = {} }: GitServerOptions): Promise<GitServer> {
  const backend = findHttpBackend();
  const sockets = new Set<Socket>();
  const counts = { requests: 0, discoveries: 0, fetches: 0, pushes: 0, lfs: 0, bytesReceived: 0, bytesSent: 0 };
  let current = faults;
  let failuresLeft = faults.fail?.count ?? 0;
  const closing = new AbortController();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    counts.requests += 1;
    if (!isToLocalName(request)) return refuse(response, 403, "this server answers to 127.0.0.1 and localhost");
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const [, name, service] = ROUTE.exec(decodePath(url.pathname)) ?? [];
    if (name === undefined || service === undefined || !existsSync(join(root, `${name}.git`))) {
      return refuse(response, 404, "repository not found");
    }
    if (auth?.repositories.includes(name) && !isAuthorized(auth, request.headers.authorization)) {
      response.setHeader("WWW-Authenticate", 'Basic realm="git"');
      return refuse(response, 401, "authentication required");
    }
    if (service === "info/refs") counts.discoveries += 1;
    if (current.delayMs) await sleep(current.delayMs, undefined, { signal: closing.signal });
    if (current.fail && failuresLeft > 0 && (current.fail.repository ?? name) === name) {
      failuresLeft -= 1;
      const { retryAfterS } = current.fail;
      if (retryAfterS !== undefined) response.setHeader("Retry-After", String(retryAfterS));
      return refuse(response, current.fail.status, "fault on demand");
    }
    if (service === "git-upload-pack") counts.fetches += 1;
    if (service === "git-receive-pack") counts.pushes += 1;
    if (service.startsWith("info/lfs/")) {
      counts.lfs += 1;
      const folder = join(root, `${name}.git`);
      const asked = {
        folder,
        url: `http://${request.headers.host}/${name}.git`,
        route: service,
        faults: current.lfs ?? {},
      };
      return serveLfs(asked, request, response);
    }
    const target = { root, path: `/${name}.git/${service}`, query: url.search.slice(1) };
    await serveBackend(backend, target, request, response);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (closing.signal.aborted) return;
      console.error("sample remote:", error);
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "the git server failed");
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      counts.bytesReceived += socket.bytesRead;
      counts.bytesSent += socket.bytesWritten;
    });
  });
  const ownPort = await listen(server, port);

  return {
    url: `http://127.0.0.1:${ownPort}`,
    root,
    counters: () => {
      const open = { ...counts };
      for (const socket of sockets) {
        open.bytesReceived += socket.bytesRead;
        open.bytesSent += socket.bytesWritten;
      }
      return open;
    },
    setFaults: (replacement) => {
      current = replacement;
      failuresLeft = replacement.fail?.count ?? 0;
    },
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Returns "" for broken percent-encoding, which matches no repository. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { "Content-Type": "text/plain" }).end(`${reason}\n`);
}
