import { type Random, uniformInt } from "../../scripts/simulate/random.ts";

/** Few paths, so that steps collide; each is odd in another way. */
export const PATHS = [
  "a.txt",
  "b.txt",
  "dir/c.txt",
  "dir/sub/d",
  "dir",
  "run.sh",
  "end.txt",
  "bin.dat",
  "sp ace/x y.txt",
  "-dash",
  "--",
  "new\nline",
  "ünï/é.txt",
  "back\\slash",
  'quo"te',
  ":(top)colon",
  "*star",
  "empty",
  "link",
] as const;

export const BRANCHES = ["main", "feature", "shared", "agent/a/t0", "agent/a/t1", "origin/main", "ünï/brän"] as const;
export const TAGS = ["v1", "origin/main", "main", "feature"] as const;

export const pick = <T>(random: Random, from: readonly T[]): T => {
  const found = from[uniformInt(random, 0, from.length - 1)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
};

/** Returns bytes with the token in them, so that no two steps write the same. */
export function contentOf(random: Random, token: string): Buffer {
  const ends = ["\n", "\r\n"];
  const end = pick(random, ends);
  const lines = Array.from({ length: 9 }, (_, n) => `line ${n + 1}${end}`);
  lines[uniformInt(random, 0, 8)] = `line by ${token}${end}`;
  return pick(random, [
    () => Buffer.from(lines.join("")),
    () => Buffer.from(`one line by ${token}`),
    () => Buffer.from(`${token}\n`),
    () => Buffer.from([0, 1, 255, 254, ...Buffer.from(token), 10, 0]),
    () => Buffer.from([0xff, 0xfe, ...Buffer.from(`latin ${token}`), 10]),
    () => Buffer.from(`ünï ${token}\n\\ "quoted" $HOME \`x\`\n`),
  ])();
}
