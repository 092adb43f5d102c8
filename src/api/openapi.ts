import { version } from "../../package.json";
import { clone } from "../ops/clone.ts";
import type { Operation } from "../ops/operation.ts";
import { OPERATIONS } from "../ops/registry.ts";
import { INPUT_EXAMPLES } from "./examples.ts";
import { jsonSchema } from "./json-schema.ts";
import { GIT_PROBLEMS, problemResponses, problems } from "./openapi-problems.ts";
import { operatorRoutes, OPERATOR_SCHEME } from "./operator-openapi.ts";
import { runRoutes } from "./run-openapi.ts";
import { clonedSchema, GIT_TOKEN_HEADER, IDEMPOTENCY_HEADER, problemSchema, takesKey } from "./schemas.ts";
import { METRICS_SCHEME, serviceRoutes } from "./service-openapi.ts";
import { tagged, TAGS } from "./tags.ts";
import { webhookEvents, webhookRoutes } from "./webhook-openapi.ts";
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
      ...runRoutes(),
      ...workspaceRoutes(),
      ...webhookRoutes(),
      ...operatorRoutes(),
      ...serviceRoutes(),
    }),
    webhooks: webhookEvents(),
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", description: "An API key of your tenant." },
        operatorKey: OPERATOR_SCHEME,
        metricsKey: METRICS_SCHEME,
      },
      parameters: { GitToken: gitTokenParameter(), IdempotencyKey: IDEMPOTENCY_KEY },
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
  const parameters = [...(access === "remote" ? ["GitToken"] : []), ...(takesKey(name) ? ["IdempotencyKey"] : [])].map(
    (parameter) => ({ $ref: `#/components/parameters/${parameter}` }),
  );
  return {
    operationId: name,
    summary,
    ...(parameters.length > 0 && { parameters }),
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

function gitTokenParameter() {
  return {
    name: GIT_TOKEN_HEADER,
    in: "header",
    description:
      "Your own tokens for git hosts, as host=token, separated by commas; hosts as ALLOWED_GIT_HOSTS has them. A token goes " +
      "to its own host alone and serves this call; only a run (`async`) keeps it, sealed, until its end. Where one host is allowed, the token alone will do.",
    schema: { type: "string" },
    example: "github.com=<token>",
  };
}

const IDEMPOTENCY_KEY = {
  name: IDEMPOTENCY_HEADER,
  in: "header",
  description:
    "Printable ASCII of your choice, without spaces, that names this call. Within 24 hours the same call with the same " +
    "key gets the same answer, and is carried out once; another body with it is refused.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

const titled = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
