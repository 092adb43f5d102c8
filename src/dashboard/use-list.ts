import { useEffect, useRef, useState } from "preact/hooks";
import { explained } from "./api.ts";

interface Page<Item> {
  readonly items: readonly Item[];
  /** Present if there are more. */
  readonly cursor?: string | undefined;
}

interface ListOptions<Item> {
  /** Name of the list; a change loads the new list at once. */
  readonly list: string;
  readonly ask: (cursor?: string) => Promise<Page<Item>>;
  /** Returns a text for the shown items; a change of it loads the list again. */
  readonly newsOf: (shown: readonly Item[]) => string | undefined;
  /** Minimum time between two loads of the same list. */
  readonly soonestMs: number;
}

/** Loads a list of the service, which comes in pages. */
export function useList<Item>({ list, ask, newsOf, soonestMs }: ListOptions<Item>) {
  const [listed, setListed] = useState<Page<Item>>();
  const [fault, setFault] = useState<string>();
  const loaded = useRef({ list: "", at: 0 });

  /** Loads at least as many items as are shown, and `more` beyond them. */
  const load = async (more: number) => {
    const isSame = loaded.current.list === list;
    loaded.current = { list, at: Date.now() };
    const wanted = (isSame ? (listed?.items.length ?? 0) : 0) + more;
    // The response for an earlier list may arrive after this one.
    const isStale = () => loaded.current.list !== list;
    try {
      let { items, cursor } = await ask();
      while (items.length < wanted && cursor !== undefined) {
        const next = await ask(cursor);
        items = [...items, ...next.items];
        cursor = next.cursor;
      }
      if (isStale()) return;
      setListed({ items, cursor });
      setFault(undefined);
    } catch (error) {
      if (!isStale()) setFault(explained(error));
    }
  };

  const news = newsOf(listed?.items ?? []);
  useEffect(() => {
    const soonest = loaded.current.list === list ? loaded.current.at + soonestMs : 0;
    const timer = setTimeout(() => void load(0), Math.max(soonest - Date.now(), 0));
    return () => clearTimeout(timer);
  }, [news, list]);

  return { listed, fault, reload: () => void load(0), more: () => void load(1) };
}
