import type { CallToolResult } from "@modelcontextprotocol/server";
import { errorBody, type WarmtreeError } from "../errors.ts";
import type { Redactor } from "../redaction/redactor.ts";
import { fitted } from "./fitted.ts";

/**
 * Builds a result with compact JSON in `content` only: every client shows it to its model, exactly once
 * (docs/decisions/0007-mcp.md). A result that is too long for a model is shortened.
 */
export function answered(facts: object): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(fitted(facts)) }] };
}

/** Builds an error result: code, effect on the work, next step, and additional facts. */
export function failed(error: WarmtreeError, facts: object = {}, redactor?: Redactor): CallToolResult {
  return { ...answered({ ...errorBody(error, redactor), ...facts }), isError: true };
}

/** Adds a hint for the next page to a page. */
export function withNextPage(result: object): object {
  if (!("cursor" in result) || typeof result.cursor !== "string") return result;
  return { ...result, more: `Same call with cursor "${result.cursor}"` };
}
