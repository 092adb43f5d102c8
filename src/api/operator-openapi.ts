import { overviewSchema } from "../metrics/overview-schema.ts";
import { json, queryParameters } from "./json-schema.ts";
import { problems } from "./openapi-problems.ts";
import {
  buildStartedSchema,
  overviewQuery,
  ownedRunListQuery,
  ownedRunItemSchema,
  ownedRunListSchema,
  ownedRunSchema,
  ownedStatusSchema,
  ownedWorkspaceSchema,
  pageQuery,
  workspacePageSchema,
} from "./operator-schemas.ts";

export const OPERATOR_SCHEME = {
  type: "http",
  scheme: "bearer",
  description: "OPERATOR_KEY of the service. These routes do not accept a tenant's key.",
};

const security = [{ operatorKey: [] }];
const SANDBOX_ID = { name: "sandbox_id", in: "path", required: true, schema: { type: "string" } };
const RUN = { name: "run", in: "path", required: true, schema: { type: "string" } };
const ITEM = { name: "item", in: "path", required: true, schema: { type: "integer", minimum: 1 } };
const ONE = "/v1/operator/workspaces/{sandbox_id}";

/** Describes the operator's routes, which the dashboard at `/` uses. */
export function operatorRoutes(): object {
  return {
    "/v1/operator/overview": {
      get: {
        operationId: "operatorOverview",
        summary: "Returns sandboxes, claims, operations, errors, spend and the recent history. Wakes no pool shard.",
        security,
        parameters: queryParameters(overviewQuery),
        responses: { 200: json("The overview", overviewSchema), ...problems([400, 401, 404, 500, 503]) },
      },
    },
    "/v1/operator/workspaces": {
      get: {
        operationId: "operatorListWorkspaces",
        summary: "Lists workspaces of all tenants, last used first.",
        security,
        parameters: queryParameters(pageQuery),
        responses: { 200: json("A page of workspaces", workspacePageSchema), ...problems([400, 401, 500, 503]) },
      },
    },
    "/v1/operator/runs": {
      get: {
        operationId: "operatorListRuns",
        summary: "Lists runs of all tenants, newest first.",
        security,
        parameters: queryParameters(ownedRunListQuery),
        responses: { 200: json("A page of runs", ownedRunListSchema), ...problems([400, 401, 500, 503]) },
      },
    },
    "/v1/operator/runs/{run}": {
      parameters: [RUN],
      get: {
        operationId: "operatorGetRun",
        summary: "Returns a run and its steps, without their results.",
        security,
        responses: { 200: json("The run", ownedRunSchema), ...problems([400, 401, 404, 500, 503]) },
      },
      delete: {
        operationId: "operatorCancelRun",
        summary: "Cancels a run: the steps that were begun are completed, and no other is begun.",
        security,
        responses: { 200: json("The run", ownedRunSchema), ...problems([400, 401, 404, 500, 503]) },
      },
    },
    "/v1/operator/runs/{run}/items/{item}": {
      parameters: [RUN, ITEM],
      get: {
        operationId: "operatorGetRunItem",
        summary: "Returns an item of a run and its steps, without its values and their results.",
        security,
        responses: { 200: json("The item", ownedRunItemSchema), ...problems([400, 401, 404, 500, 503]) },
      },
    },
    "/v1/operator/runs/{run}/retry": {
      parameters: [RUN],
      post: {
        operationId: "operatorRetryRun",
        summary: "Goes on with a run that failed or was canceled, without the tenant's own git token.",
        security,
        responses: { 202: json("The run", ownedRunSchema), ...problems([400, 401, 404, 409, 500, 503]) },
      },
    },
    "/v1/operator/template/builds": {
      post: {
        operationId: "operatorBuildTemplate",
        summary:
          "Builds and tests the next version of the sandbox template. If it passes, new sandboxes start from it. " +
          "GET /v1/template reports the result.",
        security,
        responses: { 202: json("The build", buildStartedSchema), ...problems([401, 404, 500, 503]) },
      },
    },
    [ONE]: {
      parameters: [SANDBOX_ID],
      get: {
        operationId: "operatorGetWorkspace",
        summary: "Returns a workspace and its tenant, without resuming it.",
        security,
        responses: { 200: json("The workspace", ownedWorkspaceSchema), ...problems([400, 401, 404, 500, 503]) },
      },
      delete: {
        operationId: "operatorEndWorkspace",
        summary: "Ends a workspace. Unpushed work is lost.",
        security,
        responses: { 204: { description: "Ended." }, ...problems([400, 401, 404, 500, 503]) },
      },
    },
    [`${ONE}/pause`]: {
      parameters: [SANDBOX_ID],
      post: {
        operationId: "operatorPauseWorkspace",
        summary: "Pauses a workspace. Its next use resumes it.",
        security,
        responses: { 204: { description: "Paused." }, ...problems([400, 401, 404, 500, 503]) },
      },
    },
    [`${ONE}/status`]: {
      parameters: [SANDBOX_ID],
      post: {
        operationId: "operatorStatus",
        summary:
          "Returns branch, changes and unpushed commits. This is a use of the workspace: a paused one is resumed.",
        security,
        responses: {
          200: json("Branch and changes", ownedStatusSchema),
          ...problems([400, 401, 404, 409, 410, 429, 500, 502, 503, 504]),
        },
      },
    },
  };
}
