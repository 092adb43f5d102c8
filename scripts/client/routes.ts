import * as z from "zod/v4";
import { comment, keyOf, type Schema, schemaSchema, typeOf } from "./schema-types.ts";

const content = z.record(z.string(), z.object({ schema: schemaSchema }));
const parameter = z.object({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  description: z.string().optional(),
  required: z.boolean().default(false),
  schema: schemaSchema,
});
const parameters = z.array(z.union([z.object({ $ref: z.string() }), parameter])).default([]);
const route = z.object({
  summary: z.string(),
  parameters,
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ content: content.optional() })),
});
const METHODS = ["get", "post", "put", "patch", "delete"] as const;
const method = route.optional();
const paths = z.record(
  z.string(),
  z.object({ parameters, get: method, post: method, put: method, patch: method, delete: method }),
);

const event = z.object({ post: z.object({ summary: z.string(), requestBody: z.object({ content }) }) });

export const documentSchema = z.object({
  paths,
  webhooks: z.record(z.string(), event),
  components: z.object({
    schemas: z.record(z.string(), schemaSchema),
    parameters: z.record(z.string(), parameter),
  }),
});
export type Document = z.output<typeof documentSchema>;

const JSON_TYPE = "application/json";
const KEY_PARAMETER = "#/components/parameters/IdempotencyKey";

interface Described {
  /** Name such as `POST /v1/run`. */
  readonly name: string;
  readonly shared: z.output<typeof parameters>;
  readonly found: z.output<typeof route>;
}

function routesOf({ paths: described }: Document): Described[] {
  return Object.entries(described).flatMap(([path, { parameters: shared, ...methods }]) =>
    METHODS.flatMap((verb) => {
      const found = methods[verb];
      return found ? [{ name: `${verb.toUpperCase()} ${path}`, shared, found }] : [];
    }),
  );
}

/** Returns the routes that take an Idempotency-Key. */
export function keyedRoutes(document: Document): string[] {
  const takesKey = ({ found }: Described) =>
    found.parameters.some((each) => "$ref" in each && each.$ref === KEY_PARAMETER);
  return routesOf(document)
    .filter(takesKey)
    .map(({ name }) => name);
}

/** Returns the members of an interface with the body of every event that a webhook receives. */
export function eventTypes({ webhooks }: Document): string[] {
  return Object.entries(webhooks).map(([name, { post }]) => {
    const type = typeOf(jsonOf(post.requestBody.content), "out");
    return `${comment({ description: post.summary })}"${name}": ${type};`;
  });
}

/** Returns the routes that answer content other than JSON. */
export function routesWithoutJson(document: Document): string[] {
  const isOther = ({ found }: Described) => resultType(found) === "Response";
  return routesOf(document)
    .filter(isOther)
    .map(({ name }) => name);
}

/** Returns the members of an interface with the input and the result of every route. */
export function routeTypes(document: Document): string[] {
  return routesOf(document).map(({ name, shared, found }) => {
    const given = [...shared, ...found.parameters].map((each) => ("$ref" in each ? named(each.$ref) : each));
    return `${comment({ description: found.summary })}"${name}": ${typeOfRoute(given, found)};`;
  });

  function named(reference: string): z.output<typeof parameter> {
    const found = document.components.parameters[reference.replace("#/components/parameters/", "")];
    if (!found) throw new Error(`${reference} points at nothing`);
    return found;
  }
}

function typeOfRoute(given: readonly z.output<typeof parameter>[], found: z.output<typeof route>): string {
  const inPlace = (place: string) => given.filter((each) => each.in === place);
  const members = {
    path: valuesType(inPlace("path")),
    query: valuesType(inPlace("query")),
    body: found.requestBody && typeOf(jsonOf(found.requestBody.content), "in"),
    result: resultType(found),
  };
  const lines = Object.entries(members).map(([name, type]) => `readonly ${name}: ${type ?? "undefined"};`);
  return `{\n${lines.join("\n")}\n}`;
}

function valuesType(given: readonly z.output<typeof parameter>[]): string | undefined {
  if (given.length === 0) return undefined;
  const lines = given.map(({ name, description, required, schema }) => {
    const absent = required ? "" : " | undefined";
    return `${comment({ description })}readonly ${keyOf(name)}${required ? "" : "?"}: ${typeOf(schema, "in")}${absent};`;
  });
  return `{\n${lines.join("\n")}\n}`;
}

/** Returns the type of all successful responses. For content other than JSON it is Response, which the caller reads. */
function resultType({ responses }: z.output<typeof route>): string {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith("2"));
  const types = successes.map(([, { content: answered }]) => {
    if (!answered) return "undefined";
    return JSON_TYPE in answered ? typeOf(jsonOf(answered), "out") : "Response";
  });
  return [...new Set(types)].join(" | ");
}

function jsonOf(contents: z.output<typeof content>): Schema {
  const found = contents[JSON_TYPE];
  if (!found) throw new Error("a body is not JSON");
  return found.schema;
}
