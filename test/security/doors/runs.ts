import type { Stack } from "../../../scripts/harness/stack.ts";
import { LOOPBACK } from "../../../src/settings/values.ts";
import { type AtDoor, AUTHORIZED, shown } from "./door.ts";

/** Puts the value into the fields of a run, and into the idempotency key of a request. */
export function atRuns(stack: Stack, sandbox_id: string, value: string): AtDoor[] {
  const read = { op: "read", sandbox_id, path: "$item.value" };
  const bodies: Readonly<Record<string, object>> = {
    "step of a run": { async: true, steps: [{ op: value }] },
    "text of an item": { async: true, steps: [read], for_each: [{ value }] },
    "name of an item": { async: true, steps: [read], for_each: [{ [value]: "x", value: "y" }] },
    "place of a text of an item": {
      async: true,
      steps: [{ ...read, ref: `$item.${value}` }],
      for_each: [{ value: "y" }],
    },
    // On this machine, its own addresses are valid receivers (docs/webhooks.md).
    ...(LOOPBACK.test(URL.parse(value)?.hostname ?? "")
      ? {}
      : { webhook: { async: true, steps: [{ op: "workspaces" }], webhook: value } }),
  };
  const post = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => {
    const init = { method: "POST", headers: { ...AUTHORIZED, ...headers }, body: JSON.stringify(body) };
    return (await fetch(stack.url + path, init)).status < 500;
  };
  const key = value.replaceAll(/[^\x21-\x7e]/g, "").slice(0, 4000);
  return [
    ...Object.entries(bodies).map(([about, body]) => ({
      about: `${about} = ${shown(value)}`,
      send: () => post("/v1/run", body),
    })),
    {
      about: `Idempotency-Key = ${shown(value)}`,
      send: () => post("/v1/git/edit", { sandbox_id, files: [] }, { "Idempotency-Key": key }),
    },
    {
      about: `outcome of the run ${shown(value)}`,
      send: () =>
        post("/mcp", {
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "git_run", arguments: { run: value } },
        }),
    },
  ];
}
