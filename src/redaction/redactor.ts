/** Minimum length: a shorter secret would match inside unrelated words. */
const MIN_SECRET_LENGTH = 8;
/** Maximum length: longer than any key or token; bounds the work of a search. */
const MAX_SECRET_LENGTH = 8192;
const REDACTED = "[redacted]";

/**
 * Backslashes before a character in JSON inside JSON inside JSON; a larger limit makes long runs of backslashes slow.
 */
const BACKSLASHES = String.raw`\\{0,8}`;
const BYTES_A_GROUP = 3;
const CHARACTERS_A_GROUP = 4;

/** One encoding of a secret. */
interface Form {
  /** Length of the secret. */
  readonly length: number;
  /** A part that no encoding changes: a text without it does not contain the form. */
  readonly needle: string;
  /** Source of a pattern for the whole form; built only where the needle is found. */
  readonly pattern: () => string;
}

/**
 * Removes secrets from texts: plain, in base64 after any prefix (git sends `user:token`), and each of those encoded in
 * URLs, JSON and HTML. Secrets of fewer than 8 characters stay.
 */
export class Redactor {
  readonly #forms: readonly Form[];

  /** @param others redactor whose secrets are removed too */
  constructor(secrets: Iterable<string>, others?: Redactor) {
    const kept = [...new Set(secrets)].filter(
      ({ length }) => length >= MIN_SECRET_LENGTH && length <= MAX_SECRET_LENGTH,
    );
    // Longest first: one secret may contain another.
    this.#forms = [...(others === undefined ? [] : others.#forms), ...kept.flatMap(formsOf)].sort(
      (a, b) => b.length - a.length,
    );
  }

  /** Whether a text may contain a secret, also in JSON encoding. Cheap; false is certain. */
  mayHold(text: string): boolean {
    return this.#forms.some(({ needle }) => text.includes(needle));
  }

  /** Removes the secrets from a text. */
  clean(text: string): string {
    let clean = text;
    for (const { needle, pattern } of this.#forms) {
      if (clean.includes(needle)) clean = clean.replaceAll(new RegExp(pattern(), "g"), REDACTED);
    }
    return clean;
  }

  /**
   * Removes the secrets from all names and texts in a JSON text. A text that is itself compact JSON (a result over
   * MCP) stays valid JSON.
   * @throws SyntaxError for invalid JSON
   */
  cleanJson(json: string): string {
    return JSON.stringify(this.#cleanValue(JSON.parse(json), (text) => this.#cleanAnswer(text)));
  }

  #cleanAnswer(text: string): string {
    if (!text.startsWith("{") || !this.mayHold(text)) return this.clean(text);
    try {
      const value: unknown = JSON.parse(text);
      if (JSON.stringify(value) === text) {
        return JSON.stringify(this.#cleanValue(value, (inner) => this.clean(inner)));
      }
    } catch {
      // Not JSON, or nested deeper than the stack: treat it as text.
    }
    return this.clean(text);
  }

  #cleanValue(value: unknown, cleanText: (text: string) => string): unknown {
    if (typeof value === "string") return cleanText(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.#cleanValue(item, cleanText));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [this.clean(name), this.#cleanValue(item, cleanText)]),
    );
  }
}

function formsOf(secret: string): Form[] {
  const { length } = secret;
  const raw = { length, needle: longestWord(secret), pattern: () => Array.from(secret, written).join("") };
  const binary = String.fromCharCode(...new TextEncoder().encode(secret));
  return [raw, ...["", "\0", "\0\0"].map((before) => ({ length, ...inBase64(before, binary) }))];
}

/**
 * Returns the form in base64, after a prefix of `before.length` bytes modulo 3. The last group depends on the bytes
 * that follow.
 */
function inBase64(before: string, binary: string): Omit<Form, "length"> {
  const bytes = before.length + binary.length;
  const from = Math.ceil((before.length * CHARACTERS_A_GROUP) / BYTES_A_GROUP);
  const core = btoa(before + binary).slice(from, Math.floor(bytes / BYTES_A_GROUP) * CHARACTERS_A_GROUP);
  const pattern = () => {
    const left = bytes % BYTES_A_GROUP;
    const last = left === 0 ? "" : `(?:[A-Za-z0-9]|${inUrlAlphabet("+")}|${inUrlAlphabet("/")}){${left + 1}}`;
    return `${Array.from(core, inUrlAlphabet).join("")}${last}(?:${written("=")}){0,2}`;
  };
  return { needle: longestWord(core), pattern };
}

/** Returns the pattern of a base64 character or its base64url replacement (RFC 4648, section 5). */
function inUrlAlphabet(character: string): string {
  if (character === "+") return `(?:${written("+")}|-)`;
  if (character === "/") return `(?:${written("/")}|_)`;
  return written(character);
}

/** Returns the pattern of a character: plain, percent-encoded, or escaped in JSON or HTML. */
function written(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = code
    .toString(16)
    .padStart(2, "0")
    .replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
  const plain = character.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`);
  return String.raw`(?:${BACKSLASHES}${plain}|%(?:25){0,3}${hex}|\\{1,8}u0{0,2}${hex}|&#(?:${code}|[xX]0{0,2}${hex});|&[a-z]{2,6};)`;
}

function longestWord(text: string): string {
  const words = text.match(/[A-Za-z0-9]+/g) ?? [];
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest), "");
}
