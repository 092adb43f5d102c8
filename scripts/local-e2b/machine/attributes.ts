import { type Helper, startHelper } from "./helper.ts";
import { ATTRIBUTE_SCRIPT } from "./attribute-script.ts";
import { findTool } from "./tools.ts";

/** Numbers of the calls that ATTRIBUTE_SCRIPT names, in its order. */
const SYSTEM_CALLS: Readonly<Record<string, readonly number[]>> = {
  x64: [195, 192, 194, 188, 197],
  arm64: [12, 9, 11, 5, 14],
};

/** Names, without the prefix, and values. */
export type Attributes = readonly (readonly [name: Buffer, value: Buffer])[];

/** Extended attributes with a prefix, by way of a process that starts when the first is asked for. */
export class AttributeHelper {
  readonly #command: readonly string[];
  #helper: Promise<Helper> | undefined;
  readonly #answers: PromiseWithResolvers<string>[] = [];
  #line = "";

  private constructor(command: readonly string[]) {
    this.#command = command;
  }

  /** @returns undefined where there is no Perl, or it does not know this kind of machine */
  static find(prefix: string): AttributeHelper | undefined {
    const calls = process.platform === "linux" ? SYSTEM_CALLS[process.arch] : undefined;
    if (calls === undefined) return undefined;
    try {
      return new AttributeHelper([findTool("perl"), "-e", ATTRIBUTE_SCRIPT, prefix, ...calls.map(String)]);
    } catch {
      return undefined;
    }
  }

  /** Of files as they are, not of what they link to; none where there is no such file, or no attributes. */
  async read(paths: readonly string[]): Promise<readonly Attributes[]> {
    if (paths.length === 0) return [];
    const answer = await this.#ask(["get", ...paths.map(hex)]);
    return answer.split(" ").map((list) => (list === "-" ? [] : list.split(",").map(pair)));
  }

  /** Gives a file these attributes, and no other with the prefix. @throws Error in the system's words */
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
