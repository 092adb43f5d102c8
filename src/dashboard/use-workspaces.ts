import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, explained } from "./api.ts";
import type { Overview, Workspace } from "./types.ts";

/**
 * Minimum time between two loads. A list takes a request to every shard of the pool, so it is loaded again only after a
 * change.
 */
const SOONEST_MS = 10_000;

interface Listed {
  readonly workspaces: readonly Workspace[];
  /** Present if there are more workspaces. */
  readonly cursor?: string | undefined;
}

/**
 * Workspaces of all tenants.
 * @param overview shows changes without a request to the shards, so idle shards stay asleep
 */
export function useWorkspaces(api: Api, overview: Overview | undefined) {
  const [listed, setListed] = useState<Listed>();
  const [fault, setFault] = useState<string>();
  const loadedAt = useRef(0);

  /** Loads at least as many workspaces as are shown, and `more` beyond them. */
  const load = async (more: number) => {
    loadedAt.current = Date.now();
    const wanted = (listed?.workspaces.length ?? 0) + more;
    try {
      let { workspaces, cursor } = await api.workspaces();
      while (workspaces.length < wanted && cursor !== undefined) {
        const next = await api.workspaces(cursor);
        workspaces = [...workspaces, ...next.workspaces];
        cursor = next.cursor;
      }
      setListed({ workspaces, cursor });
      setFault(undefined);
    } catch (error) {
      setFault(explained(error));
    }
  };

  const news = overview && JSON.stringify([overview.newest[0], overview.sandboxes.by_state]);
  useEffect(() => {
    const timer = setTimeout(() => void load(0), Math.max(loadedAt.current + SOONEST_MS - Date.now(), 0));
    return () => clearTimeout(timer);
  }, [api, news]);

  return { listed, fault, reload: () => void load(0), more: () => void load(1) };
}
