import { useEffect, useRef } from "preact/hooks";
import type { Place } from "./place.ts";

/** Pause in typing after which the list is loaded. */
const TYPED_MS = 300;

interface FiltersProps {
  readonly place: Place;
  /** Tenants to choose from; any other may be typed. */
  readonly tenants: readonly string[];
  readonly onFilter: (filter: Pick<Place, "tenant" | "text">) => void;
}

/** Chooses the entries that the lists show. */
export function Filters({ place: { tenant, text }, tenants, onFilter }: FiltersProps) {
  const form = useRef<HTMLFormElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const read = () => {
    const given = new FormData(form.current ?? undefined);
    const of = (name: string) => {
      const value = given.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    onFilter({ tenant: of("tenant"), text: of("text") });
  };
  const later = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(read, TYPED_MS);
  };
  return (
    <form
      ref={form}
      class="filters"
      role="search"
      onInput={later}
      onSubmit={(event) => {
        event.preventDefault();
        read();
      }}
    >
      <label>
        Tenant
        <input name="tenant" type="search" list="tenants" placeholder="all" autocomplete="off" value={tenant} />
      </label>
      <datalist id="tenants">
        {tenants.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <label>
        Text
        <input
          name="text"
          type="search"
          maxLength={200}
          placeholder="repository, agent, task, id"
          autocomplete="off"
          value={text}
        />
      </label>
    </form>
  );
}
