import { expect, test } from "vitest";
import { sendRaw } from "../security/raw-request.ts";
import { type Route, rebind } from "../security/rebinding.ts";
import { guardedRoutes } from "../security/worker-routes.ts";
import { npmStart } from "../support/npm-start.ts";

const portOf = (url: string) => Number(new URL(url).port);

/** Routes of the local sandbox host: its own, the control plane's, and those of a sandbox. */
const HOST_ROUTES: readonly Route[] = [
  ...["faults", "counters", "account", "sandboxes"].map((name) => ({ method: "GET", path: `/_local/${name}` })),
  { method: "PUT", path: "/_local/faults" },
  { method: "DELETE", path: "/_local/sandboxes/abc" },
  { method: "PUT", path: "/_local/uploads/abc" },
  { method: "GET", path: "/v2/sandboxes" },
  { method: "POST", path: "/v2/sandboxes" },
  { method: "GET", path: "/templates" },
  { method: "GET", path: "/health" },
  { method: "GET", path: "/files?path=x&signature=x" },
  { method: "POST", path: "/process.Process/Start" },
];
const REMOTE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/small.git/info/refs?service=git-upload-pack" },
  { method: "POST", path: "/small.git/git-receive-pack" },
];

/** Host headers that name no host, or none of this machine. */
const ODD_HOSTS = [
  "localhost:99999",
  "localhost:x",
  "",
  "localhost.",
  "user@localhost",
  "evil.example@localhost",
  "localhost/x",
  "localhost?x",
  "[::1",
  "evil.example localhost",
];

test("npm start serves nothing to a page that has this machine's address", async () => {
  const { url, port, hostUrl, remotes } = await npmStart({ POOL_MIN: "0", POOL_MAX: "0" });
  const routes = await guardedRoutes(url);
  // Without a success, the refusals below would prove nothing.
  const asOwner = [
    ["Host", `localhost:${port}`],
    ["Authorization", "Bearer dev"],
  ] as const;
  for (const { method, path } of routes) {
    expect([path, await sendRaw(port, { method, target: path, headers: asOwner })]).not.toEqual([path, 401]);
  }

  const worker = await rebind(port, routes, [401, 403]);
  expect(worker).toEqual({ tried: routes.length * 90, served: [] });

  for (const host of ODD_HOSTS) {
    for (const { method, path } of routes) {
      const headers = [["Host", host], ...asOwner.slice(1)] as const;
      const status = await sendRaw(port, { method, target: path, headers });
      expect([400, 401, 403, 404], `${method} ${path} at Host '${host}' answered ${status}`).toContain(status);
    }
  }

  // Names that E2B routes lead only to their sandbox, which does not exist here.
  const host = await rebind(portOf(hostUrl), HOST_ROUTES, [403]);
  expect(host).toEqual({ tried: HOST_ROUTES.length * 90, served: [] });
  const named = await rebind(portOf(hostUrl), HOST_ROUTES, [400, 502], ["49983-abc.evil.example"]);
  expect(named).toEqual({ tried: HOST_ROUTES.length * 30, served: [] });

  const remote = await rebind(portOf(remotes[0] ?? ""), REMOTE_ROUTES, [403]);
  expect(remote).toEqual({ tried: REMOTE_ROUTES.length * 90, served: [] });
  const tried = [worker, host, named, remote].reduce((sum, each) => sum + each.tried, 0);
  console.log(`${tried} requests of a page with this machine's address: none served`);
});
