/** A shorter text would be cut out of words that have nothing to do with it. */
const MIN_SECRET_LENGTH = 8;
/** Longer than any key or token: nobody makes us look for more. */
const MAX_SECRET_LENGTH = 8192;
const REDACTED = "[redacted]";

/** Backslashes before a character that is written as JSON in JSON in JSON; more would make long runs of them slow. */
const BACKSLASHES = String.raw`\\{0,8}`;
const BYTES_A_GROUP = 3;
const CHARACTERS_A_GROUP = 4;

/** One way to write a secret. */
interface Form {
  /** A part of it that every program writes as it is: a text without this part does not hold the form. */
  readonly needle: string;
  /** Source of a pattern for all of it; made only where the needle is found. */
  readonly pattern: () => string;
}

/**
 * Takes secrets out of texts: as they are, in base64 with whatever stands before them (git sends `user:token`), and each of
 * that in URLs, JSON and HTML. Secrets of fewer than 8 characters stay where they are.
 */
export class Redactor {
  readonly #forms: readonly Form[];

  constructor(secrets: Iterable<string>) {
    const kept = [...new Set(secrets)].filter(
      ({ length }) => length >= MIN_SECRET_LENGTH && length <= MAX_SECRET_LENGTH,
    );
    // The longest first: one may be part of another.
    this.#forms = kept.sort((a, b) => b.length - a.length).flatMap(formsOf);
  }

  /** False: there is nothing to take out. True: look closer. Cheap, and true of a text that holds it as JSON. */
  mayHold(text: string): boolean {
    return this.#forms.some(({ needle }) => text.includes(needle));
  }

  clean(text: string): string {
    let clean = text;
    for (const { needle, pattern } of this.#forms) {
      if (clean.includes(needle)) clean = clean.replaceAll(new RegExp(pattern(), "g"), REDACTED);
    }
    return clean;
  }

  /**
   * A JSON text with clean names and texts. One of its texts may be JSON itself, written as compactly as we do (an answer
   * over MCP); then it stays that. Throws SyntaxError where it is no JSON.
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
      // No JSON, or nested deeper than the stack: a text like any other.
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
  const raw = { needle: longestWord(secret), pattern: () => Array.from(secret, written).join("") };
  const binary = String.fromCharCode(...new TextEncoder().encode(secret));
  return [raw, ...["", "\0", "\0\0"].map((before) => inBase64(before, binary))];
}

/** In base64, with bytes before it that are more than whole groups. What the last group holds depends on what follows. */
function inBase64(before: string, binary: string): Form {
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

/** A character of base64, or what stands for it in base64url (RFC 4648, section 5). */
function inUrlAlphabet(character: string): string {
  if (character === "+") return `(?:${written("+")}|-)`;
  if (character === "/") return `(?:${written("/")}|_)`;
  return written(character);
}

/** Pattern for a character as it is, percent-encoded, or as JSON and HTML write it. */
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
