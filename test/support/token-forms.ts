/** Terminal sequences of a hostile host: colour, a window's title, and text that runs backwards. */
const TERMINAL = { before: "\x1b[31mHOSTILE\x1b]0;title\x07", after: "\x9b1m\u202e\u2066\u200b\x07" };

/** The control characters themselves, and as JSON writes them. */
const CONTROLS = ["\x1b", "\\u001b", "\x9b", "\\u009b", "\u202e", "\\u202e", "\u200b", "\\u200b"];

const withoutScheme = (authorization: string) => authorization.replace(/^Basic /, "");

/** Returns the token of a Basic header. */
function tokenIn(authorization: string): string {
  return Buffer.from(withoutScheme(authorization), "base64")
    .toString("utf8")
    .replace(/^[^:]*:/, "");
}

/** Returns a line with a Basic header in every form in which a program is likely to print it. */
export function printed(authorization: string, { terminal = true } = {}): string {
  const token = tokenIn(authorization);
  const torn = `${token.slice(0, 9)}\u200b${token.slice(9)}`;
  const forms = [authorization, withoutScheme(authorization), token, ...formsOf(token), ...(terminal ? [torn] : [])];
  const said = `you sent ${forms.join(" ")}`;
  return terminal ? `${TERMINAL.before} ${said} ${TERMINAL.after}` : said;
}

/** Returns the forms of a token in programs' output: base64, URL-encoded, in JSON once and twice, in HTML. */
function formsOf(token: string): string[] {
  const base64 = Buffer.from(token).toString("base64");
  const escaped = JSON.stringify(token).slice(1, -1);
  return [
    base64,
    Buffer.from(`oauth2:${token}`).toString("base64"),
    Buffer.from(`u:${token}`).toString("base64"),
    Buffer.from(`x-access-token:${token}`).toString("base64"),
    Buffer.from(token).toString("base64url"),
    encodeURIComponent(token),
    encodeURIComponent(base64),
    escaped,
    escaped.replaceAll("/", "\\/"),
    JSON.stringify(escaped).slice(1, -1),
    token.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("/", "&#x2F;"),
  ];
}

/** Returns parts of a token's forms that no answer may hold: no encoding changes their characters. */
export function tracesOf(token: string): string[] {
  return [token, ...formsOf(token)].map(longestWord).filter((trace) => trace.length >= 8);
}

const longestWord = (text: string) =>
  (text.match(/[A-Za-z0-9]+/g) ?? []).reduce((a, b) => (b.length > a.length ? b : a), "");

/** Returns the traces in a text of a token in any form, of a terminal sequence, or of text that runs backwards. */
export function foundIn(text: string, token: string): string[] {
  const traces = tracesOf(token).filter((trace) => text.includes(trace));
  const controls = CONTROLS.filter((control) => text.toLowerCase().includes(control));
  return [...traces, ...controls.map((control) => JSON.stringify(control))];
}
