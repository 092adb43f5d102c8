/** True when `path` is `area` or lies beneath it; both absolute and normalized. */
export function isWithin(path: string, area: string): boolean {
  return path === area || path.startsWith(area.endsWith("/") ? area : `${area}/`);
}
