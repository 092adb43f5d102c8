// The parts of the OpenAPI document that the page shows. The page and the document are of one build.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

interface Content {
  readonly schema?: Schema;
  readonly example?: unknown;
}

interface Answer {
  readonly $ref?: string;
  readonly description?: string;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Route {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

type Method = "get" | "post" | "delete";
type PathItem = { readonly [M in Method]?: Route } & { readonly parameters?: readonly Parameter[] };

export interface OpenApi {
  readonly info: { readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly responses: Readonly<Record<string, Answer>>;
    readonly securitySchemes: Readonly<Record<string, { readonly description: string }>>;
  };
}

/** One method of one path. */
export interface Operation extends Route {
  readonly method: Method;
  readonly path: string;
  /** Names of the accepted keys; empty if none is needed. */
  readonly keys: readonly string[];
}

const METHODS = ["get", "post", "delete"] as const;

export function operationsOf({ paths, security }: OpenApi): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const route = item[method];
      if (!route) return [];
      const keys = (route.security ?? security).flatMap((one) => Object.keys(one));
      const parameters = [...(item.parameters ?? []), ...(route.parameters ?? [])];
      return [{ ...route, method, path, keys, parameters }];
    }),
  );
}

/** Returns the part that a `$ref` names; a part without `$ref` as it is. */
export function named<Part extends { readonly $ref?: string }>(part: Part, all: Readonly<Record<string, Part>>): Part {
  const name = part.$ref?.split("/").at(-1);
  return name === undefined ? part : (all[name] ?? part);
}
