import { useEffect, useRef, useState } from "preact/hooks";
import { type Api, explained, Refused } from "./api.ts";
import { poll, type Poll } from "./poll.ts";
import type { Minutes, Overview } from "./types.ts";

/** Counts arrive about a second after they happen; a shorter interval has no use. */
const POLL_MS = 3000;
const UNAUTHORIZED = 401;

/** Reason why the page shows old values. */
export interface Trouble {
  readonly label: "Refused" | "Disconnected";
  readonly detail: string;
  readonly retryAt: number;
}

/** The overview of the range, polled while the page is visible. */
export function useOverview(api: Api, minutes: Minutes, onRefused: (refused: Refused) => void) {
  const [overview, setOverview] = useState<Overview>();
  const [trouble, setTrouble] = useState<Trouble>();
  const polling = useRef<Poll>(undefined);
  useEffect(() => {
    const begun = poll({
      ask: () => api.overview(minutes),
      everyMs: POLL_MS,
      tab: document,
      answered(answer) {
        setOverview(answer);
        setTrouble(undefined);
      },
      failed(error, nextMs) {
        if (error instanceof Refused && error.status === UNAUTHORIZED) {
          onRefused(error);
          return;
        }
        const label = error instanceof Refused ? "Refused" : "Disconnected";
        setTrouble({ label, detail: explained(error), retryAt: Date.now() + nextMs });
      },
    });
    polling.current = begun;
    return () => begun.stop();
  }, [api, minutes]);
  return { overview, trouble, retry: () => polling.current?.now() };
}
