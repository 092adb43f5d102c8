import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, explained } from "./api.ts";
import type { Overview, Workspace } from "./types.ts";

/** A list asks every shard of the pool, so it is read again only when something happened, and not more often than this. */
const SOONEST_MS = 10_000;

interface Listed {
  readonly workspaces: readonly Workspace[];
  /** There are more. */
  readonly cursor?: string | undefined;
}

/** Workspaces of all tenants. @param overview tells when something happened: a shard that sleeps is left asleep */
export function useWorkspaces(api: Api, overview: Overview | undefined) {
  const [listed, setListed] = useState<Listed>();
  const [fault, setFault] = useState<string>();
  const loadedAt = useRef(0);

  /** As many as are shown already, or `more`. */
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
