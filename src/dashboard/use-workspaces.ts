import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, explained } from "./api.ts";
import type { Place } from "./place.ts";
import type { Overview, Workspace } from "./types.ts";

/**
 * Minimum time between two loads of the same list. A list takes a request to every shard of the pool, so it is loaded
 * again only after a change.
 */
const SOONEST_MS = 10_000;

interface Listed {
  readonly workspaces: readonly Workspace[];
  /** Present if there are more workspaces. */
  readonly cursor?: string | undefined;
}

/**
 * Workspaces of all tenants that fit `place`.
 * @param overview shows changes without a request to the shards, so idle shards stay asleep
 */
export function useWorkspaces(api: Api, { tenant, text }: Place, overview: Overview | undefined) {
  const [listed, setListed] = useState<Listed>();
  const [fault, setFault] = useState<string>();
  const loaded = useRef({ list: "", at: 0 });
  const list = JSON.stringify([tenant, text]);

  /** Loads at least as many workspaces as are shown, and `more` beyond them. */
  const load = async (more: number) => {
    const isSame = loaded.current.list === list;
    loaded.current = { list, at: Date.now() };
    const wanted = (isSame ? (listed?.workspaces.length ?? 0) : 0) + more;
    // A list that was asked for before this one may arrive after it.
    const isStale = () => loaded.current.list !== list;
    try {
      let { workspaces, cursor } = await api.workspaces({ tenant, text });
      while (workspaces.length < wanted && cursor !== undefined) {
        const next = await api.workspaces({ tenant, text, cursor });
        workspaces = [...workspaces, ...next.workspaces];
        cursor = next.cursor;
      }
      if (isStale()) return;
      setListed({ workspaces, cursor });
      setFault(undefined);
    } catch (error) {
      if (!isStale()) setFault(explained(error));
    }
  };

  const news = overview && JSON.stringify([overview.newest[0], overview.sandboxes.by_state]);
  useEffect(() => {
    const soonest = loaded.current.list === list ? loaded.current.at + SOONEST_MS : 0;
    const timer = setTimeout(() => void load(0), Math.max(soonest - Date.now(), 0));
    return () => clearTimeout(timer);
  }, [api, news, list]);

  return { listed, fault, reload: () => void load(0), more: () => void load(1) };
}
