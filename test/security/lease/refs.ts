import { emptyPack, NONE, pushBody } from "../../broker/support.ts";
import { type LeaseScene, REPOSITORIES, type Stolen } from "./scene.ts";

/** The changes that each lease allows, with their refs. */
const ALLOWED: Readonly<Record<keyof Stolen, RegExp | undefined>> = {
  pull: undefined,
  push: /^(?:create|update) refs\/heads\/(?!main$)/,
  "push to": /^(?:create|update) refs\/heads\/named$/,
  tag: /^create refs\/tags\/mine$/,
  delete: /^delete refs\/heads\/named$/,
};

const REFS = [
  "refs/heads/main",
  "refs/heads/named",
  "refs/heads/nobody",
  "refs/heads/agent/ada/robbed",
  "refs/heads/agent/bob/other",
  "refs/heads/agent",
  "refs/heads/named/below",
  "refs/heads/MAIN",
  "refs/tags/there",
  "refs/tags/mine",
  "refs/tags/new",
  "refs/tags/main",
  "refs/notes/commits",
  "refs/pull/1/head",
  "refs/merge-requests/1/head",
  "refs/remotes/origin/main",
  "refs/replace/1111111111111111111111111111111111111111",
  "refs/heads/../heads/main",
  "refs/heads//main",
  "refs/heads/./main",
  "refs/heads/main.lock",
  "refs/heads/main\n",
  "refs/heads/nobody\0refs/heads/main",
  "refs/for/main",
  "HEAD",
];

export interface Attempt {
  readonly about: string;
  readonly lease: string;
  readonly commands: readonly (readonly [old: string, next: string, ref: string])[];
}

/** Returns every change of every ref that a lease does not allow: alone, and behind one that is allowed. */
export function forbiddenPushes({ stolen, commit }: LeaseScene): readonly Attempt[] {
  const kinds = {
    create: [NONE, commit],
    update: [commit, commit],
    delete: [commit, NONE],
    nothing: [NONE, NONE],
  } as const;
  const bait = [NONE, commit, "refs/heads/agent/bait"] as const;
  const names = ["pull", "push", "push to", "tag", "delete"] as const;
  return names.flatMap((name) =>
    REFS.flatMap((ref) =>
      Object.entries(kinds).flatMap(([kind, [old, next]]) => {
        if (ALLOWED[name]?.test(`${kind} ${ref}`)) return [];
        const command = [old, next, ref] as const;
        const lease = stolen[name];
        const about = `${name}: ${kind} ${JSON.stringify(ref)}`;
        return [
          { about, lease, commands: [command] },
          { about: `${about}, after one that is allowed`, lease, commands: [bait, command] },
        ];
      }),
    ),
  );
}

/** Sends a push as git does. @returns the status, and the report of the host or the broker */
export async function sendPush(
  scene: LeaseScene,
  { lease, commands }: Pick<Attempt, "lease" | "commands">,
  repository: string = REPOSITORIES.own,
) {
  const head = pushBody({ commands, capabilities: "report-status", pack: "" });
  const deletesOnly = commands.every(([, next]) => next === NONE);
  const body = deletesOnly ? head : Buffer.concat([head, emptyPack()]);
  const answer = await fetch(`${scene.holder.at(repository)}/git-receive-pack`, {
    method: "POST",
    headers: { Authorization: `Bearer ${lease}`, "Content-Type": "application/x-git-receive-pack-request" },
    body: new Uint8Array(body),
  });
  return { status: answer.status, report: await answer.text() };
}
