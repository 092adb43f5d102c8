import { openApi } from "../../src/api/openapi.ts";
import { OPERATIONS } from "../../src/ops/registry.ts";
import { type Document, documentSchema, eventTypes, keyedRoutes, routesWithoutJson, routeTypes } from "./routes.ts";
import { comment, typeOf } from "./schema-types.ts";

/** POST routes that change something, and change nothing more when they are called again. */
const SAME_AGAIN = ["POST /v1/workspaces/{sandbox_id}/pause", "POST /v1/snapshots", "POST /v1/webhooks"];

/** Returns the text of client/src/generated.ts: the types of every route, and the routes that may be sent twice. */
export function clientTypes(): string {
  const document = documentSchema.parse(JSON.parse(JSON.stringify(openApi())));
  const reading = OPERATIONS.filter(({ access }) => access === "read").map(({ name }) => `POST /v1/git/${name}`);
  const repeatable = [
    ...keyedRoutes(document).map((route) => `"${route}": "keyed",`),
    ...[...reading, ...SAME_AGAIN].map((route) => `"${route}": "same",`),
  ];
  const text = [
    "// Made from the Worker's OpenAPI document by scripts/client.",
    ...schemaTypes(document),
    `export interface Operations {\n${operationTypes().join("\n")}\n}`,
    `export interface Routes {\n${routeTypes(document).join("\n")}\n}`,
    `export interface WebhookEvents {\n${eventTypes(document).join("\n")}\n}`,
    `export const OPERATIONS = [\n${OPERATIONS.map(({ name }) => `"${name}",`).join("\n")}\n] as const;`,
    `/** POST routes that may be sent twice: that do the same again, or take an Idempotency-Key. */\nexport const REPEATABLE: Readonly<Record<string, "keyed" | "same" | undefined>> = {\n${repeatable.join("\n")}\n};`,
    `/** Routes that answer something else than JSON. */\nexport const WITHOUT_JSON: readonly string[] = [\n${routesWithoutJson(
      document,
    )
      .map((route) => `"${route}",`)
      .join("\n")}\n];`,
  ].join("\n\n");
  return `${indented(text)}\n`;
}

function schemaTypes({ components }: Document): string[] {
  return Object.entries(components.schemas).map(([name, schema]) => {
    const type = typeOf(schema, name.endsWith("Input") ? "in" : "out");
    return `${comment(schema)}export ${type.startsWith("{") ? `interface ${name} ${type}` : `type ${name} = ${type};`}`;
  });
}

function operationTypes(): string[] {
  return OPERATIONS.map(({ name, summary }) => {
    const titled = name.charAt(0).toUpperCase() + name.slice(1);
    const members = `{ readonly input: ${titled}Input; readonly result: ${titled}Result }`;
    return `${comment({ description: summary })}readonly ${name}: ${members};`;
  });
}

/** Indents each line by the number of brackets open before it. */
function indented(text: string): string {
  let depth = 0;
  const lines = text.split("\n").map((line) => {
    if (/^[}\]]/.test(line)) depth -= 1;
    const moved = line === "" ? "" : `${"  ".repeat(depth)}${line}`;
    if (/[{[(]$/.test(line)) depth += 1;
    return moved;
  });
  return lines.join("\n");
}
