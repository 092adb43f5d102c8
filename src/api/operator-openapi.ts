import type * as z from "zod/v4";
import { overviewSchema } from "../metrics/overview-schema.ts";
import { json, jsonSchema } from "./json-schema.ts";
import { problems } from "./openapi-problems.ts";
import {
  overviewQuery,
  ownedStatusSchema,
  ownedWorkspaceSchema,
  pageQuery,
  workspacePageSchema,
} from "./operator-schemas.ts";

export const OPERATOR_SCHEME = {
  type: "http",
  scheme: "bearer",
  description: "OPERATOR_KEY, of whoever runs the service. A tenant's key does not open these routes.",
};

const security = [{ operatorKey: [] }];
const SANDBOX_ID = { name: "sandbox_id", in: "path", required: true, schema: { type: "string" } };
const ONE = "/v1/operator/workspaces/{sandbox_id}";

/** Routes for whoever runs the service, and for the page at `/`. */
export function operatorRoutes(): object {
  return {
    "/v1/operator/overview": {
      get: {
        operationId: "operatorOverview",
        summary: "Sandboxes, claims, operations, errors, spend and the newest past. Wakes no shard of the pool.",
        security,
        parameters: queryParameters(overviewQuery),
        responses: { 200: json("As it is now", overviewSchema), ...problems([400, 401, 404, 500, 503]) },
      },
    },
    "/v1/operator/workspaces": {
      get: {
        operationId: "operatorListWorkspaces",
        summary: "Workspaces of all tenants, last used first.",
        security,
        parameters: queryParameters(pageQuery),
        responses: { 200: json("A page of them", workspacePageSchema), ...problems([400, 401, 500, 503]) },
      },
    },
    [ONE]: {
      parameters: [SANDBOX_ID],
      get: {
        operationId: "operatorGetWorkspace",
        summary: "One workspace and whose it is. Looking at it does not resume it.",
        security,
        responses: { 200: json("The workspace", ownedWorkspaceSchema), ...problems([400, 401, 404, 500, 503]) },
      },
      delete: {
        operationId: "operatorEndWorkspace",
        summary: "Ends a workspace. What was not pushed is lost.",
        security,
        responses: { 204: { description: "It is ended." }, ...problems([400, 401, 404, 500, 503]) },
      },
    },
    [`${ONE}/pause`]: {
      parameters: [SANDBOX_ID],
      post: {
        operationId: "operatorPauseWorkspace",
        summary: "Pauses a workspace. Its next use resumes it.",
        security,
        responses: { 204: { description: "It is paused, or was." }, ...problems([400, 401, 404, 500, 503]) },
      },
    },
    [`${ONE}/status`]: {
      parameters: [SANDBOX_ID],
      post: {
        operationId: "operatorStatus",
        summary: "Branch, changes and unpushed commits. It is a use of the workspace: if it is paused, it is resumed.",
        security,
        responses: {
          200: json("Branch and changes", ownedStatusSchema),
          ...problems([400, 401, 404, 409, 410, 429, 500, 502, 503, 504]),
        },
      },
    },
  };
}

function queryParameters(query: z.ZodType): object[] {
  // What is read out of the text of the query.
  const { properties = {} } = jsonSchema(query, "output");
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
}
