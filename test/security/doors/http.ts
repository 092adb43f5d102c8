import * as z from "zod/v4";
import { INPUT_EXAMPLES } from "../../../src/api/examples.ts";
import { DEV_KEY } from "../../../scripts/support/client.ts";
import type { Stack } from "../../../scripts/harness/stack.ts";
import { sendRaw } from "../raw-request.ts";
import { type AtDoor, AUTHORIZED, shown } from "./door.ts";

/** Returns makers of requests with the value in a path or a query, for every route that has them. */
export async function pathsOf(stack: Stack): Promise<readonly ((value: string) => { method: string; path: string })[]> {
  const parameter = z.looseObject({ name: z.string().optional(), in: z.string().optional() });
  const item = z.record(z.string(), z.unknown());
  const { paths } = z
    .object({ paths: z.record(z.string(), item) })
    .parse(await (await fetch(`${stack.url}/openapi.json`)).json());
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    ["get", "post", "delete"]
      .filter((method) => method in methods)
      .flatMap((method) => {
        const described = z.looseObject({ parameters: z.array(parameter).default([]) }).parse(methods[method]);
        const queries = described.parameters.filter((each) => each.in === "query").map(({ name }) => name);
        const inPath = path.includes("{")
          ? [(value: string) => path.replaceAll(/\{\w+\}/g, encodeURIComponent(value))]
          : [];
        return [
          ...inPath,
          ...queries.map((name) => (value: string) => `${path}?${name}=${encodeURIComponent(value)}`),
        ].map((make) => (value: string) => ({ method: method.toUpperCase(), path: make(value) }));
      }),
  );
  const operation = (value: string) => ({ method: "POST", path: `/v1/git/${encodeURIComponent(value)}` });
  return [...routes, operation];
}

export function atPaths(stack: Stack, makers: Awaited<ReturnType<typeof pathsOf>>, value: string): AtDoor[] {
  const texts = value.isWellFormed() ? [value] : [];
  return texts.flatMap((text) =>
    makers.map((make) => {
      const { method, path } = make(text);
      const init = {
        method,
        headers: AUTHORIZED,
        ...(method === "POST" && { body: JSON.stringify(INPUT_EXAMPLES["status"]) }),
      };
      return {
        about: `${method} ${path.slice(0, 100)}`,
        send: async () => (await fetch(stack.url + path, init)).status < 500,
      };
    }),
  );
}

const HEADERS = [
  "Authorization",
  "X-Git-Token",
  "Content-Type",
  "Accept",
  "Origin",
  "Git-Protocol",
  "Mcp-Protocol-Version",
  "X-Request-Id",
  "If-None-Match",
  "Range",
];

/** Puts the value into headers, without the characters that a header line cannot hold. */
export function atHeaders(stack: Stack, value: string): AtDoor[] {
  const text = Buffer.from(value.toWellFormed().replaceAll(/[\r\n\0]/g, ""))
    .toString("latin1")
    .slice(0, 4000);
  const { host, port } = new URL(stack.url);
  return HEADERS.map((name) => ({
    about: `header ${name}: ${shown(value)}`,
    send: async () => {
      const key = name === "Authorization" ? [] : [["Authorization", `Bearer ${DEV_KEY}`] as const];
      const headers = [["Host", host], ...key, [name, text]] as const;
      return (await sendRaw(Number(port), { method: "GET", target: "/v1/workspaces", headers }).catch(() => 400)) < 500;
    },
  }));
}
