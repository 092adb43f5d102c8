import { version } from "../../package.json";
import { clock, range } from "./format.ts";
import { Logo } from "./icons.tsx";
import { ThemeButton } from "./theme.tsx";
import type { Minutes, Overview } from "./types.ts";
import type { Trouble } from "./use-overview.ts";

const RANGES: readonly Minutes[] = [5, 15, 60];

interface HeaderProps {
  readonly overview: Overview | undefined;
  readonly trouble: Trouble | undefined;
  readonly minutes: Minutes;
  readonly onMinutes: (minutes: Minutes) => void;
  readonly onSignOut: (() => void) | undefined;
}

export function Header({ overview, trouble, minutes, onMinutes, onSignOut }: HeaderProps) {
  return (
    <header>
      <h1>
        <Logo /> Warmtree
      </h1>
      <p class="state" data-state={trouble ? "lost" : overview ? "live" : "loading"}>
        <b>{trouble ? trouble.label : overview ? "Live" : "Loading"}</b>
        {trouble && <span class="muted">next try {clock(trouble.retryAt)}</span>}
        {overview && <span class="muted">as of {clock(overview.at)}</span>}
      </p>
      {overview && overview.version !== version && (
        <p class="state" role="status">
          Version {overview.version} is served.
          <button type="button" onClick={() => location.reload()}>
            Load it
          </button>
        </p>
      )}
      <fieldset class="ranges">
        <legend class="hidden">How far to look back</legend>
        {RANGES.map((choice) => (
          <label key={choice}>
            <input type="radio" name="range" checked={choice === minutes} onChange={() => onMinutes(choice)} />
            <span>{range(choice)}</span>
          </label>
        ))}
      </fieldset>
      <a class="quiet" href="/docs">
        API
      </a>
      <ThemeButton />
      {onSignOut && (
        <button type="button" class="quiet" onClick={onSignOut}>
          Sign out
        </button>
      )}
    </header>
  );
}
