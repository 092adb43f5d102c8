import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Counters, type Counts } from "./counters.ts";
import { Enforcement } from "./egress/enforcement.ts";
import type { Routes } from "./egress/gateway.ts";
import type { FaultSwitches } from "./fault-switches.ts";
import { Faults } from "./faults.ts";
import { Disks } from "./machine/disks.ts";
import { chooseIsolation, type IsolationMode } from "./machine/isolation.ts";
import { removeTree } from "./machine/tree.ts";
import { makeRoot, sweepRoots } from "./root.ts";
import { serve, serveUpgrade } from "./server.ts";
import { openMetadata } from "./state/attribute-metadata.ts";
import { Limits } from "./state/limits.ts";
import type { AccountRow } from "./state/registry.ts";
import { SandboxStore } from "./state/store.ts";
import { Builder } from "./state/builder.ts";
import { TemplateStore } from "./state/templates.ts";
import { Uploads } from "./state/uploads.ts";
import { isUpgrade } from "./traffic/target.ts";

export type { FaultSettings } from "./fault-switches.ts";

export interface LocalHostOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  /** Folder in which the host makes its own, removed at the end; absent: the system's temporary directory. */
  readonly root?: string;
  readonly isolation?: IsolationMode;
  readonly log?: (line: string) => void;
  readonly maxTimeoutS?: number;
  /** Accepted keys; absent: any key. */
  readonly apiKeys?: readonly string[];
  /** Redirects connections of sandboxes with egress rules to other places. */
  readonly routes?: Routes;
  /** Limit of running sandboxes per API key. */
  readonly maxRunning?: number;
}

export interface LocalHost {
  /** Value of both E2B_API_URL and E2B_SANDBOX_URL. */
  readonly url: string;
  readonly root: string;
  readonly isolation: "namespaces" | "none";
  /** Whether sandboxes start from snapshots and templates without a copy of their files. */
  readonly layered: boolean;
  /** Whether sandboxes can have egress rules; if not, the host refuses them. */
  readonly egress: boolean;
  readonly warnings: readonly string[];
  readonly faults: FaultSwitches;
  counters(): Counts;
  account(): readonly AccountRow[];
  /** Makes a sandbox disappear, as if E2B had lost it. @throws Error if there is none */
  vanish(sandboxId: string): Promise<void>;
  /** Ends every process of every sandbox and removes the host's files. */
  close(): Promise<void>;
}

/** Limit of E2B's Pro plan: 24 hours. */
const DEFAULT_MAX_TIMEOUT_S = 24 * 3600;
/** Longer than clients keep idle connections, so that the client closes them. */
const KEEP_ALIVE_MS = 75_000;

/** Starts a sandbox host on 127.0.0.1. @throws Error if the port is taken or the root cannot be used */
export async function startLocalHost(options: LocalHostOptions = {}): Promise<LocalHost> {
  const parent = options.root ?? tmpdir();
  const root = await makeRoot(parent);
  // In the background: the abandoned files may be large, and nothing waits for their removal.
  sweepRoots(parent).catch((error: unknown) => options.log?.(`could not tidy up in ${parent}: ${String(error)}`));
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0,
    noDelay: true,
    shouldUpgradeCallback: isUpgrade,
  });
  try {
    const port = await listen(server, options.port ?? 0);
    return await furnish(options, root, server, port);
  } catch (error) {
    server.close();
    await removeTree(root);
    throw error;
  }
}

async function furnish(options: LocalHostOptions, root: string, server: Server, port: number): Promise<LocalHost> {
  const { isolation, warning, note } = await chooseIsolation(options.isolation ?? "auto", root);
  const log = options.log ?? (() => undefined);
  const unruled =
    isolation.kind === "none" || isolation.ownNetworks
      ? undefined
      : "egress rules are refused: this machine gives sandboxes no network of their own";
  for (const text of [warning, note, unruled]) if (text !== undefined) log(text);
  const maxTimeoutS = options.maxTimeoutS ?? DEFAULT_MAX_TIMEOUT_S;
  const faults = new Faults();
  const limits = new Limits(maxTimeoutS, options.maxRunning, () => faults.settings.longestRunS);
  const disks = new Disks(join(root, "disks"), isolation.owner, isolation.layered);
  const metadata = openMetadata(log);
  const enforcement = new Enforcement(isolation, options.routes ?? (() => undefined));
  const sandboxes = new SandboxStore({ disks, limits, metadata, enforcement, log });
  const templates = new TemplateStore(disks);
  const uploads = new Uploads(join(root, "uploads"));
  const builder = new Builder(isolation, disks, uploads);
  const { apiKeys } = options;
  const facts = { isolation: isolation.kind, layered: isolation.layered, egress: isolation.ownNetworks };
  const context = { facts, apiKeys, sandboxes, templates, uploads, builder, faults, counters: new Counters() };
  server.on("request", (request, response) => void serve(context, request, response));
  server.on("upgrade", (request, _socket, head) => void serveUpgrade(context, request, head));
  return {
    url: `http://127.0.0.1:${port}`,
    root,
    ...facts,
    warnings: warning === undefined ? [] : [warning],
    faults: context.faults,
    counters: () => context.counters.read(),
    account: () => sandboxes.account(),
    vanish: (id) => sandboxes.vanish(id),
    close: async () => {
      context.faults.reset();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      // Upgraded connections end with their sandboxes.
      await Promise.all([closed, builder.close(), sandboxes.close()]);
      await Promise.all([isolation.close(), metadata.close()]);
      await removeTree(root);
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      fail(error.code === "EADDRINUSE" ? new Error(`port ${port} is in use`, { cause: error }) : error);
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") fail(new Error("the server has no address"));
      else done(address.port);
    });
  });
}
