import { type Random, seeded, uniformInt } from "../../scripts/simulate/random.ts";
import { agentStep } from "./generate-agent.ts";
import { BRANCHES, contentOf, PATHS, pick, TAGS } from "./names.ts";
import { weighted } from "./weighted.ts";
import type { PersonStep, Step, Walk } from "./steps.ts";

export const STEPS_A_WALK = 30;

const IDS: readonly Readonly<Record<string, string>>[] = [
  { agent_id: "a", task_id: "t0" },
  { agent_id: "a", task_id: "t1" },
  {},
];

/** Returns the walk of a seed; the same seed gives the same walk. */
export function generate(seed: number): Walk {
  const random = seeded(seed);
  const empty = random() < 0.05;
  const format = random() < 0.1 ? "sha256" : "sha1";
  const steps: Step[] = [];
  let number = 0;
  const token = (who: "A" | "P") => `${who}${++number}`;
  if (random() < 0.08) steps.push({ by: "agent", workspace: 0, special: { kind: "snapshot" } });
  const workspaces = uniformInt(random, 1, 3);
  const later = uniformInt(random, 0, 8);
  for (let n = 0; n < workspaces; n++) {
    const clone: Step = { by: "agent", workspace: n, operation: "clone", body: cloneBody(random, n) };
    // The second workspace is opened after some steps.
    if (n === 1) for (let at = 0; at < later; at++) steps.push(oneStep(random, n, token));
    steps.push(clone);
  }
  while (steps.length < STEPS_A_WALK) steps.push(oneStep(random, workspaces, token));
  return { format, empty, steps };
}

function cloneBody(random: Random, nth: number): Record<string, unknown> {
  const how = random();
  const kind =
    how < 0.15
      ? { shallow: true }
      : how < 0.25
        ? { filter: pick(random, ["blob:none", "tree:0"]) }
        : how < 0.35
          ? { sparse: [pick(random, ["dir", "sp ace", "dir/sub"])] }
          : {};
  const branch = random() < 0.15 ? { branch: pick(random, ["main", "feature"]) } : {};
  return { ...IDS[nth], ...kind, ...branch };
}

function oneStep(random: Random, workspaces: number, token: (who: "A" | "P") => string): Step {
  return random() < 0.3
    ? personStep(random, token("P"))
    : agentStep(random, uniformInt(random, 0, workspaces - 1), token("A"));
}

function personStep(random: Random, token: string): PersonStep {
  const one = <T>(from: readonly T[]) => pick(random, from);
  const branch = random() < 0.65 ? "main" : one(BRANCHES);
  const other = random() < 0.7 ? "@" : one(BRANCHES);
  const content = () => contentOf(random, token).toString("base64");
  const makers: readonly (readonly [weight: number, make: () => [PersonStep["event"], string[]]])[] = [
    [4, () => ["commit", [branch, one(PATHS), content(), one(["644", "644", "755"])]]],
    [
      4,
      () => [
        "line",
        [branch, one(["a.txt", "dir/c.txt", "dir/sub/d", "run.sh"]), one(["2", "5", "9"]), `line by ${token}`],
      ],
    ],
    [1, () => ["remove", [branch, one(PATHS)]]],
    [1, () => ["link", [branch, one(["link", "a.txt", "dir/l", "--"]), one(["a.txt", "dir", "nowhere", "-dash"])]]],
    [5, () => ["merge", [branch, other, one(["--ff", "--no-ff"])]]],
    [3, () => ["squash", [branch, other]]],
    [1, () => ["pick", [branch, other]]],
    [
      3,
      () => [
        "drop",
        [
          random() < 0.5 ? "main" : one(BRANCHES),
          one(["1", "1", "2"]),
          ...(random() < 0.6 ? [one(PATHS), content()] : ["", ""]),
        ],
      ],
    ],
    [2, () => ["fork", [one(BRANCHES), one(["main", "feature", "agent/a/t0"])]]],
    [1, () => ["tag", [one(TAGS), branch]]],
    [2, () => ["delete", [other]]],
  ];
  const [event, args] = weighted(random, makers);
  return { by: "person", event, args: [token, ...args] };
}
