import { takesAtMost, tokensOf } from "./tokens.ts";

/** Clients cut or refuse answers from 10,000 tokens on; the rest is for the client's text around an answer. */
export const MAX_TOKENS = 9_500;
/** Reserved for the list of cuts. */
const CUT_TOKENS = 800;
const CUT_MAX_CHARS = 600;
/** Tokens of the text between two parts. */
const BETWEEN = 2;

/** Returns the share of an answer that fits into a model's context: 1 if it is whole. */
export function shareThatFits(facts: object): number {
  const text = JSON.stringify(facts);
  return takesAtMost(text, MAX_TOKENS) ? 1 : MAX_TOKENS / tokensOf(text);
}

/**
 * Shortens an answer that is too long for a model: cuts the ends of the longest texts and lists, and keeps small
 * members whole. `cut` lists the cuts.
 */
export function fitted(facts: object): object {
  if (shareThatFits(facts) === 1) return facts;
  const cuts: string[] = [];
  const short = shortened(facts, MAX_TOKENS - CUT_TOKENS, "", cuts);
  return { ...Object(short), cut: cuts.join("; ").slice(0, CUT_MAX_CHARS).toWellFormed() };
}

function shortened(value: unknown, budget: number, name: string, cuts: string[]): unknown {
  if (typeof value === "string") return start(value, budget, name, cuts);
  if (Array.isArray(value)) return name === "done" ? shares(value, budget, cuts) : first(value, budget, name, cuts);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value);
  return Object.fromEntries(shares(Object.values(value), budget, cuts, names).map((part, n) => [names[n], part]));
}

/** Divides the budget: small parts leave the rest of their share to larger parts. */
function shares(parts: readonly unknown[], budget: number, cuts: string[], names: readonly string[] = []): unknown[] {
  const short = [...parts];
  let left = budget;
  const byCost = parts
    .map((part, index) => ({ part, index, cost: costOf(part) + costOf(names[index] ?? "") + BETWEEN }))
    .toSorted((a, b) => a.cost - b.cost);
  for (const [n, { part, index, cost }] of byCost.entries()) {
    const share = left / (byCost.length - n);
    if (cost > share) short[index] = shortened(part, share, names[index] ?? "", cuts);
    left -= Math.min(cost, share);
  }
  return short;
}

/** Returns the first items that fit. The cut names the paths of the others, if they have one. */
function first(items: readonly unknown[], budget: number, name: string, cuts: string[]): unknown[] {
  let left = budget;
  const kept: unknown[] = [];
  for (const item of items) {
    left -= costOf(item) + BETWEEN;
    if (left < 0) break;
    kept.push(item);
  }
  if (kept.length === 0) kept.push(shortened(items[0], budget, name, cuts));
  const others = items.slice(kept.length);
  if (others.length === 0) return kept;
  const paths = [...new Set(others.flatMap((item) => (hasPath(item) ? [item.path] : [])))];
  cuts.push(`${name}: without the last ${others.length}${paths.length > 0 ? `, of ${paths.join(", ")}` : ""}`);
  return kept;
}

const hasPath = (item: unknown): item is { readonly path: string } =>
  typeof item === "object" && item !== null && "path" in item && typeof item.path === "string";

function start(text: string, budget: number, name: string, cuts: string[]): string {
  // Tokens per character vary within a text, so a first estimate may be too long.
  let length = text.length;
  while (length > 0 && costOf(text.slice(0, length)) > budget) {
    length = Math.floor(length * Math.min(0.9, budget / costOf(text.slice(0, length))));
  }
  cuts.push(`${name}: the first ${length} of ${text.length} characters`);
  return text.slice(0, length).toWellFormed();
}

const costOf = (value: unknown): number => tokensOf(JSON.stringify(value) ?? "");
