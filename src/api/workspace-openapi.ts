import { json, jsonSchema } from "./json-schema.ts";
import { GIT_PROBLEMS, problems } from "./openapi-problems.ts";
import { snapshotInput, snapshotListSchema, snapshotSchema, workspaceListSchema, workspaceSchema } from "./schemas.ts";

/** Describes the routes of a tenant's workspaces and repository snapshots. */
export function workspaceRoutes(): object {
  return {
    "/v1/workspaces": {
      get: {
        operationId: "listWorkspaces",
        summary: "Lists your workspaces, last used first.",
        responses: { 200: json("Your workspaces", workspaceListSchema), ...problems([400, 401, 429, 500, 503]) },
      },
    },
    "/v1/workspaces/{sandbox_id}": {
      parameters: [{ name: "sandbox_id", in: "path", required: true, schema: { type: "string" } }],
      get: {
        operationId: "getWorkspace",
        summary: "Returns a workspace and opens a session: a paused sandbox is resumed in the background.",
        responses: { 200: json("The workspace", workspaceSchema), ...problems([400, 401, 404, 429, 500, 503]) },
      },
      delete: {
        operationId: "endWorkspace",
        summary: "Ends a workspace. Unpushed work is lost.",
        responses: { 204: { description: "Ended." }, ...problems([400, 401, 404, 429, 500, 503]) },
      },
    },
    "/v1/workspaces/{sandbox_id}/pause": {
      parameters: [{ name: "sandbox_id", in: "path", required: true, schema: { type: "string" } }],
      post: {
        operationId: "pauseWorkspace",
        summary: "Pauses a workspace: the session ends. It costs nothing until its next use, which resumes it.",
        responses: { 204: { description: "Paused." }, ...problems([400, 401, 404, 429, 500, 503]) },
      },
    },
    "/v1/workspaces/{sandbox_id}/bundle": {
      parameters: [{ name: "sandbox_id", in: "path", required: true, schema: { type: "string" } }],
      get: {
        operationId: "getBundle",
        summary:
          "Downloads the unpushed work of a workspace: a tar with a git bundle, a patch and the way to restore them. " +
          "This is a use of a live workspace; of a dropped one, it is the saved work.",
        parameters: [{ $ref: "#/components/parameters/GitToken" }],
        responses: {
          200: {
            description: "The unpushed work.",
            headers: {
              "X-Head": { description: "Commit of HEAD", schema: { type: "string" } },
              "X-Bundle-Bytes": { description: "Size of work.bundle; 0: there is none", schema: { type: "integer" } },
              "X-Patch-Bytes": { description: "Size of work.patch; 0: there is none", schema: { type: "integer" } },
            },
            content: { "application/x-tar": { schema: { type: "string", format: "binary" } } },
          },
          ...problems([400, 401, 404, 409, 410, 422, 429, 500, 502, 503, 504, 507]),
        },
      },
    },
    "/v1/snapshots": {
      get: {
        operationId: "listSnapshots",
        summary: "Lists your repository snapshots, last used first.",
        responses: { 200: json("Your snapshots", snapshotListSchema), ...problems([400, 401, 429, 500, 503]) },
      },
      post: {
        operationId: "makeSnapshot",
        summary:
          "Makes or refreshes the snapshot of a repository, so that clones fetch only newer objects. " +
          "Often cloned repositories get one automatically.",
        parameters: [{ $ref: "#/components/parameters/GitToken" }],
        requestBody: {
          required: true,
          content: { "application/json": { schema: jsonSchema(snapshotInput, "input") } },
        },
        responses: {
          200: json("The snapshot is ready", snapshotSchema),
          202: json("The snapshot is being made; list the snapshots to see when it is ready", snapshotSchema),
          ...problems(GIT_PROBLEMS),
        },
      },
    },
    "/v1/snapshots/{snapshot_id}": {
      parameters: [{ name: "snapshot_id", in: "path", required: true, schema: { type: "string" } }],
      delete: {
        operationId: "dropSnapshot",
        summary: "Drops a repository snapshot. Workspaces started from it continue.",
        responses: { 204: { description: "Dropped." }, ...problems([400, 401, 404, 429, 500, 503]) },
      },
    },
  };
}
