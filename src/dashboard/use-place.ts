import { useEffect, useState } from "preact/hooks";
import { hashOf, type Place, placeOf } from "./place.ts";

/** Things that a dialog can show. */
type Opened = "workspace" | "run";

/** Marks history entries that this page made by opening a dialog. */
const OPENED = "opened";

/** Returns the place in the address, and functions that change it. */
export function usePlace() {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const read = () => setPlace(placeOf(location.hash));
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);

  const move = (change: Partial<Place>, how: "pushState" | "replaceState", state: string | null) => {
    const next = { ...placeOf(location.hash), ...change };
    history[how](state, "", location.pathname + hashOf(next));
    setPlace(next);
  };
  return {
    place,
    /** Adds a history entry: the back button leads to the range before. */
    look: ({ minutes }: Pick<Place, "minutes">) => move({ minutes }, "pushState", null),
    /** Replaces the history entry, so that typing adds none. */
    filter: (change: Partial<Pick<Place, "tenant" | "text" | "status">>) => move(change, "replaceState", null),
    open: (what: Opened, id: string) => move({ [what]: id }, "pushState", OPENED),
    /** Goes back like the back button; a page that began with an open dialog has no entry to go back to. */
    close: (what: Opened, id: string) => {
      if (placeOf(location.hash)[what] !== id) return;
      if (history.state === OPENED) history.back();
      else move({ [what]: undefined }, "replaceState", null);
    },
  };
}
