import type { Place } from "./place.ts";
import type { Overview } from "./types.ts";

type Ended = Overview["newest"][number];

/** Whether an operation fits the tenant and the text of the page. */
export function isShown(ended: Ended, { tenant, text }: Pick<Place, "tenant" | "text">): boolean {
  const { operation, code = "ok", repository = "", agent_id = "", sandbox_id = "", request_id = "" } = ended;
  if (tenant !== "" && ended.tenant !== tenant) return false;
  const all = [operation, code, repository, agent_id, sandbox_id, request_id].join(" ");
  return all.toLowerCase().includes(text.toLowerCase());
}
