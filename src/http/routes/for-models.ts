import type { Hono } from "hono";
import { SKILL_TEXT } from "../../mcp/skill.ts";

const INTRODUCTION = `# Warmtree

> Git for AI agents: clone, edit, diff, pull and push, in a sandbox of your own.

- MCP, Streamable HTTP: /mcp, with the header \`Authorization: Bearer <API key>\`
- HTTP: each tool below is a route with the same JSON, such as \`POST /v1/git/clone\` for git_clone. /openapi.json
  describes all of them. Several steps in one call (git_run) are offered over MCP only.
`;

/** Response for refused MCP clients, which try to register for OAuth next, and quote the response. */
const NO_SIGN_IN = {
  error: "invalid_request",
  error_description:
    "Key refused: Warmtree has no sign-in, and takes an API key in the header 'Authorization: Bearer <API key>'. If the " +
    "client sends one, it is not one of this service's.",
};

/** Adds the texts that a model or its client reads without a key. */
export function addModelRoutes(app: Hono<{ Bindings: Env }>): void {
  app.get("/llms.txt", (c) =>
    c.text(`${INTRODUCTION}\n${SKILL_TEXT}\n`, 200, { "Cache-Control": "public, max-age=300" }),
  );
  app.post("/register", (c) => c.json(NO_SIGN_IN, 400));
}
