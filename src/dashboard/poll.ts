/** Upper bound of the pauses, which grow while the service does not answer. */
const LONGEST_PAUSE_MS = 60_000;

export interface PollOptions<Answer> {
  readonly ask: () => Promise<Answer>;
  readonly everyMs: number;
  readonly answered: (answer: Answer) => void;
  /** @param nextMs pause before the next try */
  readonly failed: (error: unknown, nextMs: number) => void;
  /** The document. */
  readonly tab: {
    readonly hidden: boolean;
    addEventListener(type: "visibilitychange", listener: () => void): void;
    removeEventListener(type: "visibilitychange", listener: () => void): void;
  };
}

export interface Poll {
  /** Asks now, unless a request is in flight. */
  now(): void;
  stop(): void;
}

/** Polls while the tab is visible: stops while it is hidden, and polls at once when it is visible again. */
export function poll<Answer>({ ask, everyMs, answered, failed, tab }: PollOptions<Answer>): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isStopped = false;
  let failures = 0;

  const now = async () => {
    clearTimeout(timer);
    if (isAsking || isStopped || tab.hidden) return;
    isAsking = true;
    let nextMs = everyMs;
    try {
      const answer = await ask();
      failures = 0;
      if (!isStopped) answered(answer);
    } catch (error) {
      failures += 1;
      nextMs = Math.min(everyMs * 2 ** failures, LONGEST_PAUSE_MS);
      if (!isStopped) failed(error, nextMs);
    }
    isAsking = false;
    if (!isStopped && !tab.hidden) timer = setTimeout(now, nextMs);
  };
  const onVisibility = () => (tab.hidden ? clearTimeout(timer) : void now());

  tab.addEventListener("visibilitychange", onVisibility);
  void now();
  return {
    now: () => void now(),
    stop() {
      isStopped = true;
      clearTimeout(timer);
      tab.removeEventListener("visibilitychange", onVisibility);
    },
  };
}
