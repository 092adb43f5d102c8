import { inside, type Inside } from "../../support/inside.ts";
import { tracesOf } from "../../support/token-forms.ts";
import { until } from "../../support/until.ts";
import { openWorkspace, runAllOperations } from "./all-operations.ts";
import { LEASE, newToken, type Scene } from "./scene.ts";
import { programOf } from "./thief.ts";

/** The places that the watcher searches, in the order of the words that carriers.sh reads. */
export const PLACES = [
  "environment",
  "arguments",
  "open files",
  "memory",
  "files of a moment",
  "files in home",
  "temporary files",
  "shared memory",
] as const;

/** Gives the watcher time to look while git waits. */
const DELAY_MS = 60;

export interface Watched {
  /** Places where a carrier's value was found, which was only there. */
  readonly works: readonly string[];
  readonly operations: number;
  readonly credential: readonly string[];
  readonly lease: readonly string[];
}

const backwards = (text: string) => Buffer.from(new Uint8Array(Buffer.from(text)).toReversed()).toString("hex");

/** Watches a sandbox from inside while carriers, and then all operations, run in it. */
export async function watchOperations(scene: Scene, task_id: string): Promise<Watched> {
  const workspace = await openWorkspace(scene, task_id);
  const box = await inside(scene.stack, workspace.sandbox_id);
  const carried = PLACES.map(() => newToken());
  const needles = [
    ...PLACES.map((_place, at) => `carried${at}=${backwards(carried[at] ?? "")}`),
    ...tracesOf(scene.token).map((trace, at) => `credential${at}=${backwards(trace)}`),
    `lease=${backwards(LEASE)}`,
  ];
  const start = `setsid perl -e "$WATCHER" ${needles.join(" ")} </dev/null >"$HOME/watcher.log" 2>&1 &`;
  await box.sh(start, { WATCHER: programOf("watcher.pl") });

  const carrying = box.sh(`perl -e 'print scalar reverse pack "H*", $ENV{VALUES}' | bash -c "$CARRIERS"`, {
    VALUES: backwards(`${carried.join(" ")}\n`),
    CARRIERS: programOf("carriers.sh"),
  });
  const works = () =>
    seenBy(box).then((lines) => PLACES.filter((place, at) => lines.includes(`${place} carried${at}`)));
  await until("the watcher sees all carriers", async () => (await works()).length === PLACES.length);
  await box.sh('touch "$HOME/enough"');
  await carrying;

  scene.stack.git.setFaults({ delayMs: DELAY_MS });
  const operations = await runAllOperations(scene, workspace);
  scene.stack.git.setFaults({});
  await box.sh('touch "$HOME/stop"');
  await until("the watcher ends", async () =>
    (await box.sh('ls "$HOME"')).split("\n").every((name) => name !== "stop"),
  );
  const lines = await seenBy(box);
  const placesOf = (needle: string) =>
    PLACES.filter((place) => lines.some((line) => line.startsWith(`${place} ${needle}`)));
  return { works: await works(), operations, credential: placesOf("credential"), lease: placesOf("lease") };
}

const seenBy = async (box: Inside) => (await box.sh('cat "$HOME/seen" 2>/dev/null; exit 0')).split("\n");
