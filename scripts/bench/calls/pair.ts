import { type Answered, comparable, type Doors } from "./doors.ts";
import { OPERATIONS } from "../../../src/ops/registry.ts";
import type { WrittenCall } from "./written-call.ts";

/** Whether a call was understood; `wrong`: its answer differs from the answer to the call that it means. */
export interface Verdict {
  readonly kind: "understood" | "refused" | "wrong";
  readonly why?: string;
}

/** Names of operations and tools that change nothing. */
const READS: ReadonlySet<string> = new Set(
  OPERATIONS.filter(({ access }) => access === "read").flatMap(({ name }) => [name, `git_${name}`]),
);

const TASKS = ["right", "written"] as const;

/** Two workspaces in one state: one gets the right calls, the other the written calls. */
export class Pair {
  private readonly doors: Doors;
  private readonly ids: readonly string[];
  private readonly tasks: readonly string[];

  private constructor(doors: Doors, ids: readonly string[], tasks: readonly string[]) {
    this.doors = doors;
    this.ids = ids;
    this.tasks = tasks;
  }

  static async open(doors: Doors, name: string): Promise<Pair> {
    const tasks = TASKS.map((task) => `${name}-${task}`);
    return new Pair(doors, await Promise.all(tasks.map((task) => doors.newWorkspace(task))), tasks);
  }

  async verdict({ door, name, input, means, given = {} }: WrittenCall): Promise<Verdict> {
    const files = Object.entries(given).map(([path, content]) => ({ path, content }));
    if (files.length > 0) await this.both((sandbox_id) => this.doors.need("edit", { sandbox_id, files }));
    try {
      if (means === "refused") return this.refused(door, name, input);
      const right = await this.call(0, door, name, means);
      if (!right.ok) throw new Error(`${name} ${JSON.stringify(means)} is not right: ${JSON.stringify(right.facts)}`);
      const written = await this.call(1, door, name, input);
      if (!written.ok) {
        await this.call(1, door, name, means);
        return { kind: "refused", why: String(written.facts["detail"]) };
      }
      return await this.same(right, written, READS.has(name));
    } finally {
      if (files.length > 0 || !READS.has(name)) await this.tidy();
    }
  }

  private async tidy(): Promise<void> {
    await this.both(async (sandbox_id, task) => {
      await this.doors.need("restore", { sandbox_id, all: true });
      await this.doors.need("branch", { sandbox_id, name: `agent/calls/${task}` });
    });
  }

  private async refused(door: WrittenCall["door"], name: string, input: object): Promise<Verdict> {
    const { ok, facts } = await this.call(1, door, name, input);
    const isRefused = !ok && facts["code"] === "invalid_input";
    return isRefused ? { kind: "understood" } : { kind: "wrong", why: JSON.stringify(facts) };
  }

  /** Compares the answers, and the states of the two workspaces. */
  private async same(right: Answered, written: Answered, isRead: boolean): Promise<Verdict> {
    const [one, other] = [this.plain(right, 0), this.plain(written, 1)];
    if (one !== other) return { kind: "wrong", why: `${other} instead of ${one}` };
    if (isRead) return { kind: "understood" };
    const [left = "", now = ""] = await this.both((_id, _task, at) => this.state(at));
    return left === now ? { kind: "understood" } : { kind: "wrong", why: `the workspace is ${now} instead of ${left}` };
  }

  private async state(at: number): Promise<string> {
    const sandbox_id = this.ids[at] ?? "";
    const looks = ["status", "diff", "log"].map(async (name) => {
      const input = name === "log" ? { sandbox_id, limit: 3, files: true } : { sandbox_id };
      return this.plain({ ok: true, facts: await this.doors.need(name, input) }, at);
    });
    return (await Promise.all(looks)).join("\n");
  }

  private plain(answer: Answered, at: number): string {
    return comparable(answer, { [this.ids[at] ?? ""]: "$id", [this.tasks[at] ?? ""]: "$task" });
  }

  private both<Value>(act: (sandbox_id: string, task: string, at: number) => Promise<Value>): Promise<Value[]> {
    return Promise.all(this.ids.map((id, at) => act(id, this.tasks[at] ?? "", at)));
  }

  private call(at: number, door: WrittenCall["door"], name: string, input: object): Promise<Answered> {
    const written = JSON.stringify(input);
    const id = this.ids[at] ?? "";
    const hasOwn = name.endsWith("clone") || written.includes("$id");
    const text = written.replaceAll("$id", id).replaceAll("$repo", this.doors.repoUrl);
    return this.doors.call(door, name, { ...(hasOwn ? {} : { sandbox_id: id }), ...Object(JSON.parse(text)) });
  }
}
