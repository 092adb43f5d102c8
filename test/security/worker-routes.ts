import * as z from "zod/v4";
import type { Route } from "./rebinding.ts";

const METHODS = ["get", "post", "put", "delete"] as const;
const openApiSchema = z.object({ paths: z.record(z.string(), z.looseObject({})) });

/** Routes that have no tenant's data. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(["/healthz", "/openapi.json"]);
/** Returns every route of the Worker at `url` that requires a key, from the Worker's own description. */
export async function guardedRoutes(url: string): Promise<Route[]> {
  const { paths } = openApiSchema.parse(await (await fetch(`${url}/openapi.json`)).json());
  return Object.entries(paths)
    .filter(([path]) => !OPEN_TO_ALL.has(path))
    .flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).map((method) => ({
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, "s0-00000000000000000000"),
      })),
    );
}
