import {
  type CallToolResult,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import { version } from "../../package.json";
import type { MinimalSchema } from "./minimal-json-schema.ts";
import { INSTRUCTIONS, type Tool, TOOLS } from "./tools.ts";

/** The lists are the same for all clients, and change only with a deployment. */
const SHARED = { ttlMs: 5 * 60 * 1000, cacheScope: "public" } as const;

export const CACHE_HINTS = { "tools/list": SHARED, "server/discover": SHARED } as const;

const INFO = { name: "warmtree", title: "Warmtree", version };
const OPTIONS = {
  instructions: INSTRUCTIONS,
  cacheHints: CACHE_HINTS,
  capabilities: { tools: { listChanged: false } },
};

const CONFIGS = TOOLS.map((tool) => ({ tool, config: { ...tool, inputSchema: unchecked(tool.inputSchema) } }));

/** Creates a server with all tools for one request: the SDK binds a server to its request. */
export function newServer(
  call: (tool: Tool, given: object, context: ServerContext) => Promise<CallToolResult>,
): McpServer {
  const server = new McpServer(INFO, OPTIONS);
  for (const { tool, config } of CONFIGS) {
    server.registerTool(tool.name, config, (given, context) => call(tool, given, context));
  }
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
