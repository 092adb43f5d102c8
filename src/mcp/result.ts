import type { CallToolResult } from "@modelcontextprotocol/server";
import { errorBody, type WarmtreeError } from "../errors.ts";

/**
 * An answer as compact JSON in `content` and nowhere else: the one place that every client shows to its model, and shows
 * once (docs/decisions/0007-mcp.md).
 */
export function answered(facts: object): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(facts) }] };
}

/** A failure: code, what became of the work and what to do, and the facts that go with it. */
export function failed(error: WarmtreeError, facts: object = {}): CallToolResult {
  return { ...answered({ ...errorBody(error), ...facts }), isError: true };
}

/** A page, with words for how to get the next one. */
export function withNextPage(result: object): object {
  if (!("cursor" in result) || typeof result.cursor !== "string") return result;
  return { ...result, more: `Same call with cursor "${result.cursor}"` };
}
