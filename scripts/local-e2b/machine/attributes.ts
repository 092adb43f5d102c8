import { type Helper, startHelper } from "./helper.ts";
import { ATTRIBUTE_SCRIPT } from "./attribute-script.ts";
import { findTool } from "./tools.ts";

/** Numbers of ATTRIBUTE_SCRIPT's system calls, in its order. */
const SYSTEM_CALLS: Readonly<Record<string, readonly number[]>> = {
  x64: [195, 192, 194, 188, 197],
  arm64: [12, 9, 11, 5, 14],
};

/** Attribute names, without the prefix, and values. */
export type Attributes = readonly (readonly [name: Buffer, value: Buffer])[];

/** Reads and writes extended attributes with a prefix, through a process that starts at the first request. */
export class AttributeHelper {
  readonly #command: readonly string[];
  #helper: Promise<Helper> | undefined;
  readonly #answers: PromiseWithResolvers<string>[] = [];
  #line = "";

  private constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** @returns undefined if there is no Perl, or if the system calls of this kind of machine are unknown */
  static find(prefix: string): AttributeHelper | undefined {
    const calls = process.platform === "linux" ? SYSTEM_CALLS[process.arch] : undefined;
    if (calls === undefined) return undefined;
    try {
      return new AttributeHelper([findTool("perl"), "-e", ATTRIBUTE_SCRIPT, prefix, ...calls.map(String)]);
    } catch {
      return undefined;
    }
  }

  /** Returns the attributes of each file, not of a link's target; [] if there is no file or no support for them. */
  async read(paths: readonly string[]): Promise<readonly Attributes[]> {
    if (paths.length === 0) return [];
    const answer = await this.#ask(["get", ...paths.map(hex)]);
    return answer.split(" ").map((list) => (list === "-" ? [] : list.split(",").map(pair)));
  }

  /** Replaces all attributes of a file that have the prefix. @throws Error with the system's message */
  async replace(path: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    const pairs = Object.entries(attributes).map(([name, value]) => `${hex(name)}=${hex(value)}`);
    const answer = await this.#ask(["set", hex(path), ...pairs]);
    if (answer !== "ok") throw new Error(answer.replace(/^failed /, ""));
  }

  async close(): Promise<void> {
    const helper = await this.#helper?.catch(() => undefined);
    await helper?.end();
  }

  async #ask(fields: readonly string[]): Promise<string> {
    this.#helper ??= this.#start();
    const { input } = await this.#helper;
    const answer = Promise.withResolvers<string>();
    this.#answers.push(answer);
    input.write(`${fields.join(" ")}\n`);
    return answer.promise;
  }

  async #start(): Promise<Helper> {
    const [perl = "", ...args] = this.#command;
    const helper = await startHelper(perl, args, undefined);
    helper.output.on("data", (text: string) => {
      const lines = (this.#line + text).split("\n");
      this.#line = lines.pop() ?? "";
      for (const line of lines) this.#answers.shift()?.resolve(line);
    });
    void helper.gone.then(() => this.#abandon());
    return helper;
  }

  #abandon(): void {
    this.#helper = undefined;
    for (const { reject } of this.#answers.splice(0)) reject(new Error("the reader of attributes has ended"));
  }
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

function pair(text: string): readonly [Buffer, Buffer] {
  const [name = "", value = ""] = text.split("=");
  return [Buffer.from(name, "hex"), Buffer.from(value, "hex")];
}
