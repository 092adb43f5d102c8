/**
 * Default page sizes for models. Clients truncate or warn at 10,000 to 25,000 tokens, and answers stay in the context
 * for good; the HTTP API, whose readers are programs, has larger pages.
 */
export const PAGES: Readonly<Record<string, object>> = {
  status: { limit: 40 },
  diff: { max_bytes: 24 * 1024 },
  read: { max_bytes: 24 * 1024 },
  search: { limit: 50 },
  log: { limit: 10 },
};

const SMALLEST: Readonly<Record<string, number>> = { limit: 1, max_bytes: 1024 };

/** Reduces the requested page size by a factor; undefined if the operation has no pages, or no smaller ones. */
export function smallerPage(parameters: object, factor: number): object | undefined {
  const smaller = Object.entries(parameters).flatMap(([name, value]) => {
    const smallest = SMALLEST[name];
    return smallest === undefined || typeof value !== "number" || value <= smallest
      ? []
      : [[name, Math.max(smallest, Math.floor(value * factor))] as const];
  });
  return smaller.length === 0 ? undefined : { ...parameters, ...Object.fromEntries(smaller) };
}
