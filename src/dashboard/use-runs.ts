import type { Api } from "./api.ts";
import { newsOfRuns } from "./news.ts";
import type { Place } from "./place.ts";
import type { Overview } from "./types.ts";
import { useList } from "./use-list.ts";

const PAGE = "20";
/** Lists are costly: the service counts the steps of their runs. */
const SOONEST_MS = 5_000;

/**
 * Runs of all tenants that fit `place`.
 * @param overview shows changes without a request to the runs
 */
export function useRuns(api: Api, { tenant, status }: Place, overview: Overview | undefined) {
  return useList({
    list: JSON.stringify([tenant, status]),
    ask: async (cursor = "") => {
      const { runs, ...page } = await api.runs({ tenant, status: status ?? "", cursor, limit: PAGE });
      return { items: runs, ...page };
    },
    newsOf: (shown) => overview && newsOfRuns(overview, shown),
    soonestMs: SOONEST_MS,
  });
}
