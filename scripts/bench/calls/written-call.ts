/**
 * A call as a client or model writes it, and the call that it means. In both, `$id` stands for the workspace and
 * `$repo` for the repository's address; without `$id`, the workspace is added as `sandbox_id`.
 */
export interface WrittenCall {
  readonly door: "http" | "mcp";
  /** Name of a tool, or over HTTP of an operation. */
  readonly name: string;
  readonly input: object;
  /** Right input for the same name; `refused`: the call has several meanings. */
  readonly means: object | "refused";
  /** Files written before the call. */
  readonly given?: Readonly<Record<string, string>>;
}

/** Calls by kind of client. */
export type Written = Readonly<Record<string, readonly WrittenCall[]>>;

type How = readonly [means: WrittenCall["means"], given?: Readonly<Record<string, string>>];

const by =
  (door: WrittenCall["door"]) =>
  (name: string, input: object, ...[means, given]: How): WrittenCall => ({
    door,
    name,
    input,
    means,
    ...(given && { given }),
  });

export const mcp = by("mcp");
export const http = by("http");
