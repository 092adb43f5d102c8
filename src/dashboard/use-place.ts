import { useEffect, useState } from "preact/hooks";
import { hashOf, type Place, placeOf } from "./place.ts";

/** What a dialog can show. */
type Opened = "workspace" | "run";

/** Marks entries of the history that this page has made by opening a dialog. */
const OPENED = "opened";

/** The place in the address, and the ways to another one. */
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
    /** The back button leads to the range before. */
    look: ({ minutes }: Pick<Place, "minutes">) => move({ minutes }, "pushState", null),
    /** Typing fills no history. */
    filter: (change: Partial<Pick<Place, "tenant" | "text" | "status">>) => move(change, "replaceState", null),
    open: (what: Opened, id: string) => move({ [what]: id }, "pushState", OPENED),
    /** As the back button does; a page that began with an open dialog has nowhere to go back to. */
    close: (what: Opened, id: string) => {
      if (placeOf(location.hash)[what] !== id) return;
      if (history.state === OPENED) history.back();
      else move({ [what]: undefined }, "replaceState", null);
    },
  };
}
