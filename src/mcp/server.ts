import {
  type CallToolResult,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import { version } from "../../package.json";
import type { MinimalSchema } from "./minimal-json-schema.ts";
import { meantBy } from "./meant-tool.ts";
import { failed } from "./result.ts";
import { skills } from "./skill.ts";
import { INSTRUCTIONS, type Tool, TOOLS } from "./tools.ts";

/** The lists are the same for all clients, and change only with a deployment. */
const SHARED = { ttlMs: 5 * 60 * 1000, cacheScope: "public" } as const;

export const CACHE_HINTS = {
  "tools/list": SHARED,
  "resources/list": SHARED,
  "resources/templates/list": SHARED,
  "prompts/list": SHARED,
  "server/discover": SHARED,
} as const;

const FIXED = { listChanged: false };
const INFO = { name: "warmtree", title: "Warmtree", version };
const OPTIONS = {
  instructions: INSTRUCTIONS,
  cacheHints: CACHE_HINTS,
  // Some clients ask for all lists, and report an error for a missing one; ours of resources and prompts are empty.
  capabilities: { tools: FIXED, resources: FIXED, prompts: FIXED },
};

const CONFIGS = TOOLS.map((tool) => ({ tool, config: { ...tool, inputSchema: unchecked(tool.inputSchema) } }));

export type ToolCall = (tool: Tool, given: object, context: ServerContext) => Promise<CallToolResult>;

/** Facts about a request that decide what its server offers. */
interface Asked {
  /** Whether it lists or calls tools. */
  readonly isForTools: boolean;
  /** Name of the tool that it calls. */
  readonly called?: string | undefined;
}

/** Creates a server with all tools and the skill for one request: the SDK binds a server to its request. */
export async function newServer(call: ToolCall, { isForTools, called }: Asked): Promise<McpServer> {
  const server = new McpServer(INFO, OPTIONS);
  for (const { tool, config } of CONFIGS) {
    server.registerTool(tool.name, config, (given, context) => call(tool, given, context));
  }
  // Registering the skill takes as long as all tools, so a request for tools omits it.
  if (!isForTools) (await skills()).attach(server);
  // Not listed, because a request that calls a tool does not list the tools.
  const elsewhere = called === undefined ? undefined : meantBy(called);
  if (elsewhere) server.registerTool(elsewhere.called, {}, () => failed(elsewhere.error));
  return server;
}

/** Publishes a schema without validating by it: the facade checks input for every entry point. */
function unchecked(schema: MinimalSchema): StandardSchemaWithJSON<object> {
  const json = () => ({ ...schema });
  return {
    "~standard": {
      version: 1,
      vendor: "warmtree",
      validate: (value) =>
        typeof value === "object" && value !== null ? { value } : { issues: [{ message: "is not an object" }] },
      jsonSchema: { input: json, output: json },
    },
  };
}
