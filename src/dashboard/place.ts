import { RANGES } from "../metrics/ranges.ts";
import type { Minutes } from "./types.ts";

const DEFAULT_MINUTES: Minutes = 5;

/** What the page shows, as its address has it: a reload or a link shows the same. */
export interface Place {
  readonly minutes: Minutes;
  /** The workspace whose dialog is open. */
  readonly workspace?: string | undefined;
  /** '': all. */
  readonly tenant: string;
  /** '': everything. */
  readonly text: string;
}

/** Reads the fragment of an address, which no request carries. What is missing or unknown has its default. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    minutes: RANGES.find((range) => String(range) === given.get("minutes")) ?? DEFAULT_MINUTES,
    workspace: given.get("workspace") ?? undefined,
    tenant: given.get("tenant") ?? "",
    text: given.get("text") ?? "",
  };
}

/** The fragment of a place; '' for the default one. */
export function hashOf({ minutes, workspace = "", tenant, text }: Place): string {
  const range = minutes === DEFAULT_MINUTES ? "" : String(minutes);
  const parts = Object.entries({ minutes: range, workspace, tenant, text }).filter(([, value]) => value !== "");
  return parts.length === 0 ? "" : `#${new URLSearchParams(parts).toString()}`;
}
