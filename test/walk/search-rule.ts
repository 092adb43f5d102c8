import * as z from "zod/v4";
import type { Look } from "./look.ts";

const foundSchema = z.looseObject({
  matches: z.array(z.looseObject({ path: z.string(), line: z.number() })),
  truncated: z.boolean(),
});
/** The part of a file that git reads to tell whether it is binary. */
const LOOKED_AT_BYTES = 8000;

/** Compares a search for a text in the working tree with the bytes of the files. Pure. */
export function wrongSearch(
  look: Look,
  body: Readonly<Record<string, unknown>>,
  status: number,
  json: unknown,
): [string, string][] {
  if (body["ref"] !== undefined || body["path"] !== undefined || typeof body["pattern"] !== "string") return [];
  if (status !== 200) return [["search-refused", JSON.stringify(json)]];
  const { matches, truncated } = foundSchema.parse(json);
  if (truncated) return [];
  const pattern = Buffer.from(body["pattern"]);
  const expected = Array.from(look.files).flatMap(([path, { kind, bytes }]) => {
    if (kind !== "file" || bytes.subarray(0, LOOKED_AT_BYTES).includes(0)) return [];
    return linesOf(bytes).flatMap((line, at) => (line.includes(pattern) ? [`${path}:${at + 1}`] : []));
  });
  const told = matches.map(({ path, line }) => `${path}:${line}`);
  const [one, other] = [told.toSorted().join("\n"), expected.toSorted().join("\n")];
  return one === other ? [] : [["search-differs", `told ${one}; the files have ${other}`]];
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return [...lines, bytes.subarray(from)];
}
