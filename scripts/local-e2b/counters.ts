/** Number of requests received, by plane and by route, without the admin routes. */
export interface Counts {
  readonly control: number;
  readonly sandbox: number;
  /** For example `POST /v2/sandboxes`, `POST /sandboxes/{id}/pause`, `process.Process/Start`, `GET /files`. */
  readonly byRoute: Readonly<Record<string, number>>;
}

export class Counters {
  #control = 0;
  #sandbox = 0;
  #byRoute = new Map<string, number>();

  count(plane: "control" | "sandbox", route: string): void {
    if (plane === "control") this.#control++;
    else this.#sandbox++;
    this.#byRoute.set(route, (this.#byRoute.get(route) ?? 0) + 1);
  }

  read(): Counts {
    return { control: this.#control, sandbox: this.#sandbox, byRoute: Object.fromEntries(this.#byRoute) };
  }

  reset(): void {
    this.#control = 0;
    this.#sandbox = 0;
    this.#byRoute = new Map();
  }
}
