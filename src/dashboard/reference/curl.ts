import type { Operation } from "./document.ts";

/** Names of the shell variables that hold keys. */
const KEYS: Readonly<Record<string, string>> = {
  apiKey: "WARMTREE_KEY",
  operatorKey: "OPERATOR_KEY",
  metricsKey: "METRICS_KEY",
};

/** Returns a shell command that calls an operation. */
export function curlOf(
  { method, path, keys, requestBody }: Pick<Operation, "method" | "path" | "keys" | "requestBody">,
  origin: string,
): string {
  const example = requestBody?.content["application/json"]?.example;
  const [key] = keys;
  return [
    "curl -sS",
    ...(method === "get" || method === "post" ? [] : [`-X ${method.toUpperCase()}`]),
    `"${origin}${path}"`,
    ...(key === undefined ? [] : [`-H "Authorization: Bearer $${KEYS[key] ?? key}"`]),
    ...(method === "post" ? bodyOf(requestBody !== undefined, example) : []),
  ].join(" \\\n  ");
}

function bodyOf(hasBody: boolean, example: unknown): string[] {
  if (!hasBody) return ["-X POST"];
  const json = example === undefined ? "{…}" : JSON.stringify(example);
  return ["-H 'Content-Type: application/json'", `-d '${json.replaceAll("'", `'\\''`)}'`];
}
