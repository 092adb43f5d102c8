import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countTokens as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { countTokens as o200k } from "gpt-tokenizer/encoding/o200k_base";
import * as z from "zod/v4";
import { expect, test } from "vitest";
import { TOOLS } from "../../src/mcp/tools.ts";
import { planSteps, stepsInput } from "../../src/steps/plan.ts";

const docs = readFileSync(join(import.meta.dirname, "../../docs/mcp.md"), "utf8");

/** Returns the first block of JSON under a heading. */
function exampleOf(heading: string): unknown {
  const [, section = ""] = docs.split(new RegExp(`^#+ ${heading}$`, "m"));
  const [, json = ""] = /```json\n([^]*?)```/.exec(section) ?? [];
  return JSON.parse(json);
}

const endpoint = z.url({ protocol: /^https$/ }).endsWith("/mcp");

test("Claude Code: .mcp.json, as https://code.claude.com/docs/en/mcp describes it", () => {
  // Variables there have the form ${NAME} or ${NAME:-default} only.
  const expanded = z.string().regex(/^Bearer \$\{[A-Z_]+\}$/);
  const server = z.strictObject({
    type: z.literal("http"),
    url: endpoint,
    headers: z.strictObject({ Authorization: expanded }),
  });
  expect(() =>
    z.strictObject({ mcpServers: z.record(z.string(), server) }).parse(exampleOf("Claude Code")),
  ).not.toThrow();
});

test("Claude Desktop: claude_desktop_config.json starts a program; mcp-remote's README describes its arguments", () => {
  const server = z.strictObject({
    command: z.literal("npx"),
    args: z.array(z.string().regex(/^\S+$/, "an argument with a blank does not arrive whole on Windows")),
    env: z.record(z.string(), z.string()),
  });
  const { mcpServers } = z
    .strictObject({ mcpServers: z.record(z.string(), server) })
    .parse(exampleOf("Claude Desktop"));
  for (const { args, env } of Object.values(mcpServers)) {
    const [yes, program, url, ...options] = args;
    expect([yes, program]).toEqual(["-y", "mcp-remote"]);
    expect(endpoint.safeParse(url).success).toBe(true);
    expect(options.filter((_, n) => n % 2 === 0)).toEqual(["--transport", "--header"]);
    const variable = /^Authorization:\$\{(\w+)\}$/.exec(options.at(-1) ?? "")?.[1] ?? "";
    expect(env[variable]).toMatch(/^Bearer /);
  }
});

test("Cursor: mcp.json, as https://cursor.com/docs/mcp describes it", () => {
  // A remote server has a url and no type; variables are ${env:NAME}.
  const headers = z.strictObject({ Authorization: z.string().regex(/^Bearer \$\{env:[A-Z_]+\}$/) });
  const server = z.strictObject({ url: endpoint, headers });
  expect(() => z.strictObject({ mcpServers: z.record(z.string(), server) }).parse(exampleOf("Cursor"))).not.toThrow();
});

test("VS Code: mcp.json, as https://code.visualstudio.com/docs/copilot/reference/mcp-configuration describes it", () => {
  const promptString = z.strictObject({
    type: z.literal("promptString"),
    id: z.string(),
    description: z.string(),
    password: z.literal(true),
  });
  const server = z.strictObject({
    type: z.enum(["http", "sse"]),
    url: endpoint,
    headers: z.record(z.string(), z.string()),
  });
  const schema = z.strictObject({ inputs: z.array(promptString), servers: z.record(z.string(), server) });
  const { inputs, servers } = schema.parse(exampleOf("VS Code"));
  for (const { headers } of Object.values(servers)) {
    const asked = /^Bearer \$\{input:([\w-]+)\}$/.exec(headers["Authorization"] ?? "")?.[1];
    expect(inputs.map(({ id }) => id)).toContain(asked);
  }
});

test("the example of several steps is one that would be begun", () => {
  expect(planSteps(stepsInput.parse(exampleOf("Tools")))).toHaveLength(4);
});

test("the tokens that are told are those that are taken", () => {
  const list = JSON.stringify(TOOLS.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));
  const told = /takes (\d+)\s+tokens \(o200k_base; (\d+) in cl100k_base\)/.exec(docs)?.slice(1).map(Number);
  expect(told).toEqual([o200k(list), cl100k(list)]);
});

test("every tool is told of", () => {
  for (const { name } of TOOLS) expect(docs).toContain(`\`${name}\``);
});
