import type { Format } from "./exposition.ts";

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/** Selects the format for an Accept header (RFC 9110, 12.5.1): OpenMetrics if its quality is at least that of text. */
export function negotiated(accept: string | null): Format {
  const ranges = (accept ?? "").split(",").map(parsed);
  const wanted = (isMatch: (range: Range) => boolean) =>
    Math.max(0, ...ranges.filter(isMatch).map(({ quality }) => quality));
  // OpenMetrics must be named; wildcards select text, which every reader supports.
  const openmetrics = wanted(
    ({ type, version }) => type === "application/openmetrics-text" && (version ?? "1.0.0") === "1.0.0",
  );
  const text = wanted(
    ({ type, version }) =>
      (type === "text/plain" && (version ?? "0.0.4") === "0.0.4") || type === "text/*" || type === "*/*",
  );
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

function parsed(range: string): Range {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
  const parameter = (name: string) => {
    const found = parameters
      .map((text) => /^([^=]+)=(.*)$/.exec(text))
      .find((match) => match?.[1]?.toLowerCase() === name);
    return found?.[2]?.replace(/^"(.*)"$/, "$1");
  };
  const quality = Number(parameter("q") ?? 1);
  return {
    type: type.toLowerCase(),
    version: parameter("version"),
    quality: quality >= 0 && quality <= 1 ? quality : 0,
  };
}
