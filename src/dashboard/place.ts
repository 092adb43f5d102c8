import { RUN_STATUSES } from "../durable/runs/types.ts";
import { RANGES } from "../metrics/ranges.ts";
import type { Minutes, RunStatus } from "./types.ts";

const DEFAULT_MINUTES: Minutes = 5;

/** State of the page that its address holds: a reload or a link shows the same. */
export interface Place {
  readonly minutes: Minutes;
  /** The workspace whose dialog is open. */
  readonly workspace?: string | undefined;
  /** The run whose dialog is open. */
  readonly run?: string | undefined;
  /** '' for all tenants. */
  readonly tenant: string;
  /** '' for no filter. */
  readonly text: string;
  /** Status of runs; absent for any. */
  readonly status?: RunStatus | undefined;
}

/** Reads the fragment of an address, which no request carries. Missing or unknown values get their default. */
export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  return {
    minutes: RANGES.find((range) => String(range) === given.get("minutes")) ?? DEFAULT_MINUTES,
    workspace: given.get("workspace") ?? undefined,
    run: given.get("run") ?? undefined,
    tenant: given.get("tenant") ?? "",
    text: given.get("text") ?? "",
    status: RUN_STATUSES.find((status) => status === given.get("status")),
  };
}

/** Returns the fragment of a place; '' for the default place. */
export function hashOf({ minutes, workspace = "", run = "", tenant, text, status }: Place): string {
  const range = minutes === DEFAULT_MINUTES ? "" : String(minutes);
  const all = { minutes: range, workspace, run, tenant, text, status: status ?? "" };
  const parts = Object.entries(all).filter(([, value]) => value !== "");
  return parts.length === 0 ? "" : `#${new URLSearchParams(parts).toString()}`;
}
