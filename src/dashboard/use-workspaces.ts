import type { Api } from "./api.ts";
import { newsOfWorkspaces } from "./news.ts";
import type { Place } from "./place.ts";
import type { Overview } from "./types.ts";
import { useList } from "./use-list.ts";

/** A list takes a request to every shard of the pool, so it is loaded again only after a change. */
const SOONEST_MS = 10_000;

/**
 * Workspaces of all tenants that fit `place`.
 * @param overview shows changes without a request to the shards, so idle shards stay asleep
 */
export function useWorkspaces(api: Api, { tenant, text }: Place, overview: Overview | undefined) {
  return useList({
    list: JSON.stringify([tenant, text]),
    ask: async (cursor) => {
      const { workspaces, ...page } = await api.workspaces({ tenant, text, ...(cursor !== undefined && { cursor }) });
      return { items: workspaces, ...page };
    },
    newsOf: () => overview && newsOfWorkspaces(overview),
    soonestMs: SOONEST_MS,
  });
}
