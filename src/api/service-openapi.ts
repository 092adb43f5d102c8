import { CONTENT_TYPES } from "../metrics/exposition.ts";
import { checksSchema } from "./checks-schema.ts";
import { json } from "./json-schema.ts";
import { problems } from "./openapi-problems.ts";
import { healthSchema, policiesSchema, templateSchema } from "./schemas.ts";

export const METRICS_SCHEME = {
  type: "http",
  scheme: "bearer",
  description: "METRICS_KEY of the service, which opens /metrics and nothing else.",
};

/** Describes the routes of the service itself, and those whose bodies other specifications define (MCP, Prometheus). */
export function serviceRoutes(): object {
  const message = { schema: { type: "object", description: "A JSON-RPC 2.0 message" } };
  const text = { schema: { type: "string" } };
  return {
    "/mcp": {
      post: {
        operationId: "mcp",
        summary: "Model Context Protocol over Streamable HTTP: one JSON-RPC message, without a session.",
        externalDocs: { url: "https://modelcontextprotocol.io/specification" },
        parameters: [
          {
            name: "sandbox_id",
            in: "query",
            description: "The workspace to continue with: it is resumed while the client connects",
            schema: { type: "string" },
          },
          { $ref: "#/components/parameters/GitToken" },
        ],
        requestBody: { required: true, content: { "application/json": message } },
        responses: {
          200: {
            description: "The answer, as JSON or as a stream with the progress before it.",
            content: { "application/json": message, "text/event-stream": text },
          },
          202: { description: "A notification was taken." },
          ...problems([400, 401, 413, 429, 503]),
        },
      },
    },
    "/v1/policy": {
      get: {
        operationId: "getPolicy",
        summary: "Returns the rules for your pushes, for each git host.",
        responses: { 200: json("The rules", policiesSchema), ...problems([400, 401, 429, 500, 503]) },
      },
    },
    "/v1/template": {
      get: {
        operationId: "getTemplate",
        summary: "Returns the template of new sandboxes, and its newest build.",
        responses: { 200: json("The template", templateSchema), ...problems([400, 401, 429, 500, 503]) },
      },
    },
    "/healthz": {
      get: {
        operationId: "health",
        summary: "Checks the settings of the service.",
        security: [],
        responses: { 200: json("The settings are valid", healthSchema), ...problems([503]) },
      },
    },
    "/v1/checks": {
      get: {
        operationId: "checks",
        summary: "Tells whether the service is set up: E2B, pool, template, keys, budget. Changes nothing.",
        security: [{ apiKey: [] }, { operatorKey: [] }],
        responses: { 200: json("What was found", checksSchema), ...problems([400, 401, 429, 500, 503]) },
      },
    },
    "/metrics": {
      get: {
        operationId: "metrics",
        summary: "Every series, for Prometheus; OpenMetrics where the Accept header asks for it.",
        security: [{ metricsKey: [] }],
        responses: {
          200: {
            description: "The series",
            content: { [CONTENT_TYPES.text]: text, [CONTENT_TYPES.openmetrics]: text },
          },
          ...problems([401, 404, 500, 503]),
        },
      },
    },
  };
}
