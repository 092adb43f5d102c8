/** The part of process.stdout that a terminal uses. */
export interface Output {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: "resize", listener: () => void): unknown;
}

/** The part of process.stdin that a terminal uses. */
export interface Input {
  readonly isTTY: boolean;
  setRawMode(isRaw: boolean): unknown;
  setEncoding(encoding: "utf8"): unknown;
  on(event: "data", listener: (key: string) => void): unknown;
  pause(): unknown;
}

/** Enters and leaves the alternate screen without a cursor (xterm's private modes, known to every modern terminal). */
const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** Shows a screen of its own, and restores the old one however the process ends. */
export class Terminal {
  readonly #out: Output;
  readonly #input: Input | undefined;
  #isOpen = true;

  /** @param onKey gets each key as the terminal sends it, including Ctrl-C */
  constructor(out: Output, input: Input, onKey: (key: string) => void, onResize: () => void) {
    this.#out = out;
    out.write(ENTER);
    out.on("resize", onResize);
    process.once("exit", () => this.close());
    if (!input.isTTY) return;
    this.#input = input;
    input.setRawMode(true);
    input.setEncoding("utf8");
    input.on("data", onKey);
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.#out.columns, height: this.#out.rows };
  }

  /** Overwrites the screen line by line, to avoid flicker. */
  draw(lines: readonly string[]): void {
    const text = lines.slice(0, this.#out.rows).map((line) => line + CLEAR_LINE);
    this.#out.write(HOME + text.join("\r\n") + CLEAR_BELOW);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input?.setRawMode(false);
    this.#input?.pause();
    this.#out.write(LEAVE);
  }
}
