import { leaseKey, LeaseHolder } from "../../../scripts/harness/lease-holder.ts";
import type { Stack } from "../../../scripts/harness/stack.ts";
import type { AtDoor } from "./door.ts";

/** The key that the stack must have, so that leases for its broker can be made. */
export const DOOR_KEY = leaseKey();

/**
 * Puts the value into parts of the broker's paths, with a valid lease: the broker may answer for its repository alone.
 */
export async function atBroker(stack: Stack, repository: string, value: string): Promise<AtDoor[]> {
  if (!value.isWellFormed()) return [];
  const holder = new LeaseHolder({ worker: stack.url, host: stack.git.url, key: DOOR_KEY.bytes, refs: [] });
  const lease = await holder.lease(repository);
  const own = holder.at(repository);
  const [text, { host }] = [encodeURIComponent(value), new URL(stack.git.url)];
  const questions = [
    own.replace(host, text),
    own.replace(repository, text),
    own.replace(`${repository}.git`, `${text}/${repository}.git`),
    own.replace(".git", `${text}.git`),
  ]
    .filter((at) => at !== own)
    .map((at) => `${at}/info/refs?service=git-upload-pack`);
  const others = [
    `${own}/${text}`,
    `${own}/info/${text}`,
    `${own}/info/refs?service=${text}`,
    `${own}/git-upload-pack${text}`,
  ];
  return [...questions, ...others].map((url) => ({
    about: `broker ${url.slice(stack.url.length).slice(0, 120)}`,
    send: async () => {
      const { status } = await fetch(url, { headers: { Authorization: `Bearer ${lease}` } });
      return status >= 400 && (status < 500 || status === 501);
    },
  }));
}
