import { version } from "../../package.json";
import { clone } from "../ops/clone.ts";
import type { Operation } from "../ops/operation.ts";
import { OPERATIONS } from "../ops/registry.ts";
import { INPUT_EXAMPLES } from "./examples.ts";
import { jsonSchema } from "./json-schema.ts";
import { GIT_PROBLEMS, problemResponses, problems } from "./openapi-problems.ts";
import { operatorRoutes, OPERATOR_SCHEME } from "./operator-openapi.ts";
import { runInput, runSchema } from "./run-schemas.ts";
import { clonedSchema, GIT_TOKEN_HEADER, problemSchema } from "./schemas.ts";
import { METRICS_SCHEME, serviceRoutes } from "./service-openapi.ts";
import { tagged, TAGS } from "./tags.ts";
import { workspaceRoutes } from "./workspace-openapi.ts";

const ABOUT =
  "git for AI agents. clone opens a workspace and returns its sandbox_id, which every other operation takes. " +
  "Results are flat JSON objects; every error is a problem (RFC 9457) whose code is one of a closed list.";

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
      ...runRoute(),
      ...workspaceRoutes(),
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

function runRoute() {
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
