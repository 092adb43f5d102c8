import { version } from "../../package.json";
import { runInput, runSchema } from "./run-schemas.ts";
import { ERROR_KINDS } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import type { Operation } from "../ops/operation.ts";
import { OPERATIONS } from "../ops/registry.ts";
import { INPUT_EXAMPLES } from "./examples.ts";
import { json, jsonSchema } from "./json-schema.ts";
import { PROBLEM_STATUSES, problemResponses, problems } from "./openapi-problems.ts";
import { operatorRoutes, OPERATOR_SCHEME } from "./operator-openapi.ts";
import {
  clonedSchema,
  GIT_TOKEN_HEADER,
  healthSchema,
  policiesSchema,
  problemSchema,
  snapshotInput,
  snapshotListSchema,
  snapshotSchema,
  templateSchema,
  workspaceListSchema,
  workspaceSchema,
} from "./schemas.ts";
import { METRICS_SCHEME, serviceRoutes } from "./service-openapi.ts";
import { tagged, TAGS } from "./tags.ts";

const ABOUT =
  "git for AI agents. clone opens a workspace and returns its sandbox_id, which every other operation takes. " +
  "Results are flat JSON objects; every error is a problem (RFC 9457) whose code is one of a closed list.";

/** An operation can fail with any status but that of a wrong method. */
const GIT_PROBLEMS = PROBLEM_STATUSES.filter((status) => status !== ERROR_KINDS.method_not_allowed.status);

let built: object | undefined;

/** Returns the API description (OpenAPI 3.1), generated from the request schemas once per isolate. */
export function openApi(): object {
  return (built ??= build());
}

function build() {
  return {
    openapi: "3.1.1",
    info: { title: "Warmtree", version, description: ABOUT, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }],
    tags: TAGS,
    paths: tagged({
      ...Object.fromEntries(
        OPERATIONS.map((operation) => [`/v1/git/${operation.name}`, { post: gitRoute(operation) }]),
      ),
      ...otherRoutes(),
      ...operatorRoutes(),
      ...serviceRoutes(),
    }),
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key of your tenant." },
        operatorKey: OPERATOR_SCHEME,
        metricsKey: METRICS_SCHEME,
      },
      parameters: { GitToken: gitTokenParameter() },
      schemas: {
        Problem: jsonSchema(problemSchema, "output"),
        ...Object.fromEntries(OPERATIONS.flatMap(operationSchemas)),
      },
      responses: problemResponses(),
    },
  };
}

function gitRoute({ name, summary, access }: Operation) {
  const input = { schema: { $ref: `#/components/schemas/${titled(name)}Input` }, example: INPUT_EXAMPLES[name] };
  const result = { schema: { $ref: `#/components/schemas/${titled(name)}Result` } };
  return {
    operationId: name,
    summary,
    ...(access === "remote" ? { parameters: [{ $ref: "#/components/parameters/GitToken" }] } : {}),
    requestBody: { required: true, content: { "application/json": input } },
    responses: {
      200: { description: "Done.", content: { "application/json": result } },
      ...problems(GIT_PROBLEMS),
    },
  };
}

function operationSchemas({ name, input, output }: Operation): [name: string, schema: object][] {
  const result = name === clone.name ? clonedSchema : output;
  return [
    [`${titled(name)}Input`, jsonSchema(input, "input")],
    [`${titled(name)}Result`, jsonSchema(result, "output")],
  ];
}

function otherRoutes() {
  return {
    "/v1/run": {
      post: {
        operationId: "run",
        summary:
          "Runs several steps in one request: those of a workspace in order, different workspaces side by side. " +
          "With `Accept: text/event-stream`, each step is told when it ends.",
        parameters: [{ $ref: "#/components/parameters/GitToken" }],
        requestBody: { required: true, content: { "application/json": { schema: jsonSchema(runInput, "input") } } },
        responses: {
          200: {
            description: "What became of the steps, failed ones as well.",
            content: {
              "application/json": { schema: jsonSchema(runSchema, "output") },
              "text/event-stream": { schema: { type: "string" } },
            },
          },
          ...problems([400, 401, 404, 413, 415, 429, 500, 503]),
        },
      },
    },
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
          "This is a use of a live workspace; of a dropped one, it is what was saved.",
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
    "/v1/policy": {
      get: {
        operationId: "getPolicy",
        summary: "Returns the rules for what your calls may push, for each git host.",
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
  };
}

function gitTokenParameter() {
  return {
    name: GIT_TOKEN_HEADER,
    in: "header",
    description:
      "Your own tokens for git hosts, as host=token, separated by commas; hosts as ALLOWED_GIT_HOSTS has them. A token goes " +
      "to its own host alone, serves this call and is kept nowhere. Where one host is allowed, the token alone will do.",
    schema: { type: "string" },
    example: "github.com=<token>",
  };
}

const titled = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
