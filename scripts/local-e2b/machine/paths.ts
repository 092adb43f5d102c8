/** Whether `path` is `area` or lies beneath it. Both must be absolute and normalized. */
export function isWithin(path: string, area: string): boolean {
  return path === area || path.startsWith(area.endsWith("/") ? area : `${area}/`);
}
