import type { Overview } from "../../src/metrics/overview-schema.ts";
import { clock, range } from "../../src/dashboard/format.ts";
import { poll } from "../../src/dashboard/poll.ts";
import type { Workspace } from "../../src/dashboard/types.ts";
import type { Client } from "./client.ts";
import { frameOf, newestLines, workspaceLines } from "./frame.ts";
import { type Line, line, rendered } from "./line.ts";
import type { Minutes } from "./options.ts";
import { type Input, type Output, Terminal } from "./terminal.ts";

/** Counts arrive about a second after they happen. */
export const EVERY_MS = 2000;
/** A list asks every shard of the pool. */
const LIST_EVERY_MS = 10_000;

const RANGE_KEYS: Readonly<Record<string, Minutes>> = { "1": 5, "2": 15, "3": 60 };
const QUIT_KEYS: ReadonlySet<string> = new Set(["q", "\u0003", "\u001b"]);

type Source = Pick<Client, "overview" | "workspaces">;

interface State {
  overview: Overview;
  minutes: Minutes;
  pane: "operations" | "workspaces";
  workspaces: readonly Workspace[] | undefined;
  listedAt: number;
  trouble: string | undefined;
}

/** Shows the live screen until the user quits. Rejects if there is no first answer. */
export async function live(client: Source, minutes: Minutes, out: Output, input: Input): Promise<void> {
  const overview = await client.overview(minutes);
  const state: State = {
    overview,
    minutes,
    pane: "operations",
    workspaces: undefined,
    listedAt: 0,
    trouble: undefined,
  };
  const isColored = !process.env.NO_COLOR;
  const draw = () => {
    const { width } = terminal.size;
    terminal.draw(screenOf(state, width).map((text) => rendered(text, width, isColored)));
  };
  const quit = Promise.withResolvers<void>();
  process.once("SIGTERM", () => quit.resolve());
  const onKey = (key: string) => {
    if (QUIT_KEYS.has(key)) quit.resolve();
    state.minutes = RANGE_KEYS[key] ?? state.minutes;
    if (key === "o") state.pane = "operations";
    if (key === "w") state.pane = "workspaces";
    draw();
    polling.now();
  };
  const terminal = new Terminal(out, input, onKey, draw);
  const polling = poll({
    ask: () => ask(client, state),
    everyMs: EVERY_MS,
    answered() {
      state.trouble = undefined;
      draw();
    },
    failed(error) {
      state.trouble = error instanceof Error ? error.message : String(error);
      draw();
    },
    // A terminal does not report whether a user is looking.
    tab: { hidden: false, addEventListener() {}, removeEventListener() {} },
  });
  await quit.promise;
  polling.stop();
  terminal.close();
}

async function ask(client: Source, state: State): Promise<void> {
  state.overview = await client.overview(state.minutes);
  if (state.pane === "workspaces" && Date.now() - state.listedAt >= LIST_EVERY_MS) {
    state.listedAt = Date.now();
    state.workspaces = await client.workspaces();
  }
}

function screenOf({ overview, pane, workspaces, trouble }: State, width: number): Line[] {
  return [
    line(
      ["bold", "Warmtree "],
      overview.version,
      trouble === undefined ? ["good", "  live"] : ["bad", "  disconnected"],
      ["dim", `  as of ${clock(overview.at)}, last ${range(overview.minutes)}`],
      ["dim", "   1 2 3 range  o operations  w workspaces  q quit"],
    ),
    trouble === undefined ? line() : line(["bad", trouble]),
    ...frameOf(overview, width),
    line(),
    ...(pane === "operations" ? newestLines(overview) : workspaceLines(workspaces ?? [], Date.now())),
  ];
}
