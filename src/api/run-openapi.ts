import { json, jsonSchema, queryParameters } from "./json-schema.ts";
import { problems } from "./openapi-problems.ts";
import {
  durableRunSchema,
  runEventsQuery,
  runEventsSchema,
  runInput,
  runItemSchema,
  runListQuery,
  runListSchema,
  runQuery,
  runSchema,
  runStartedSchema,
} from "./run-schemas.ts";

const RUN = { name: "run", in: "path", required: true, schema: { type: "string" } };
const ITEM = { name: "item", in: "path", required: true, schema: { type: "integer", minimum: 1 } };
const READ = [400, 401, 404, 429, 500, 503];

/** Describes the routes of runs. */
export function runRoutes(): object {
  return {
    "/v1/run": {
      post: {
        operationId: "run",
        summary:
          "Runs several steps in one request: those of a workspace in order, different workspaces side by side. " +
          "With `Accept: text/event-stream`, each step is told when it ends. With `async`, the answer is the id of a " +
          "run that goes on without this connection.",
        parameters: [{ $ref: "#/components/parameters/GitToken" }, { $ref: "#/components/parameters/IdempotencyKey" }],
        requestBody: { required: true, content: { "application/json": { schema: jsonSchema(runInput, "input") } } },
        responses: {
          200: {
            description: "What became of the steps, failed ones as well.",
            content: {
              "application/json": { schema: jsonSchema(runSchema, "output") },
              "text/event-stream": { schema: { type: "string" } },
            },
          },
          202: json("With async: the run", runStartedSchema),
          ...problems([400, 401, 404, 409, 413, 415, 422, 429, 500, 503]),
        },
      },
    },
    "/v1/runs": {
      get: {
        operationId: "listRuns",
        summary: "Lists your runs, newest first.",
        parameters: queryParameters(runListQuery),
        responses: { 200: json("Your runs", runListSchema), ...problems([400, 401, 429, 500, 503]) },
      },
    },
    "/v1/runs/{run}": {
      parameters: [RUN],
      get: {
        operationId: "getRun",
        summary: "Returns a run with its steps; with `wait`, once it has ended or the time is over.",
        parameters: queryParameters(runQuery),
        responses: { 200: json("The run", durableRunSchema), ...problems(READ) },
      },
      delete: {
        operationId: "cancelRun",
        summary: "Cancels a run: the steps that were begun are completed, and no other is begun.",
        responses: { 200: json("The run", durableRunSchema), ...problems(READ) },
      },
    },
    "/v1/runs/{run}/items/{item}": {
      parameters: [RUN, ITEM],
      get: {
        operationId: "getRunItem",
        summary: "Returns the steps of one item of a run with for_each.",
        responses: { 200: json("The item", runItemSchema), ...problems(READ) },
      },
    },
    "/v1/runs/{run}/retry": {
      parameters: [RUN],
      post: {
        operationId: "retryRun",
        summary: "Goes on with a run that failed or was canceled: with the failed steps, and those not begun.",
        responses: { 202: json("The run", durableRunSchema), ...problems([...READ, 409]) },
      },
    },
    "/v1/runs/{run}/events": {
      parameters: [RUN],
      get: {
        operationId: "getRunEvents",
        summary:
          "Returns the events of a run after a known one; with `Accept: text/event-stream`, as they happen, and on from " +
          "`Last-Event-ID`.",
        parameters: queryParameters(runEventsQuery),
        responses: {
          200: {
            description: "The events.",
            content: {
              "application/json": { schema: jsonSchema(runEventsSchema, "output") },
              "text/event-stream": { schema: { type: "string" } },
            },
          },
          ...problems(READ),
        },
      },
    },
  };
}
