import * as fc from "fast-check";
import { CAPABILITIES, emptyPack, NONE } from "./support.ts";

const REFS = [
  "refs/heads/main",
  "refs/heads/x",
  "refs/tags/v1",
  "refs/heads/ünicode",
  "refs/heads/a..b",
  "refs/x",
  "HEAD",
  "refs/heads/a b",
  "refs/heads/",
];
const CAPABILITY_LISTS = [
  CAPABILITIES,
  "report-status",
  "",
  " ",
  "report-status\0atomic",
  "push-options",
  "object-format=sha256",
  "a\nb",
  "push-cert=x",
];
const LENGTHS: readonly ((bytes: number) => string)[] = [
  (bytes) => bytes.toString(16).padStart(4, "0"),
  (bytes) => bytes.toString(16).padStart(4, "0").toUpperCase(),
  (bytes) => (bytes + 1).toString(16).padStart(4, "0"),
  (bytes) => (bytes - 1).toString(16).padStart(4, "0"),
  (bytes) => `+${bytes.toString(16).padStart(3, "0")}`,
  (bytes) => ` ${bytes.toString(16).padStart(3, "0")}`,
  () => "0001",
  () => "0002",
  () => "0004",
];

const often = <Value>(usual: Value, others: readonly Value[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

/** Lines of a push, mostly as git writes them: a command for git's reader must be a command for every reader. */
export function pushBodies([first, second]: readonly [string, string]): fc.Arbitrary<Buffer> {
  const id = fc.constantFrom(first, second, NONE, first.toUpperCase(), first.slice(1), `${first}0`);
  const command = fc
    .record({
      old: often(NONE, [first, second, "x"]),
      next: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(first, second, NONE) }, { weight: 1, arbitrary: id }),
      ref: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom("refs/heads/x", "refs/heads/y") },
        { weight: 1, arbitrary: fc.constantFrom(...REFS) },
      ),
      between: often(" ", ["  ", "\t", "", "\n"]),
    })
    .map(({ old, next, ref, between }) => `${old} ${next}${between}${ref}`);
  const other = fc.constantFrom(
    `shallow ${first}`,
    "push-cert",
    "push-cert-end",
    "",
    "flush",
    `unshallow ${first}`,
    "# x",
  );
  const line = fc.record({
    text: fc.oneof({ weight: 6, arbitrary: command }, { weight: 1, arbitrary: other }),
    capabilities: often(undefined, CAPABILITY_LISTS),
    end: often("", ["\n", "\n\n", "\0", "\r\n"]),
    length: often(LENGTHS[0], LENGTHS),
  });
  const packet = ({ text, capabilities, end, length }: Line, index: number) => {
    const after = capabilities ?? (index === 0 ? CAPABILITIES : undefined);
    const payload = Buffer.from(`${text}${after === undefined ? "" : `\0 ${after}`}${end}`);
    return Buffer.concat([Buffer.from((length ?? String)(payload.byteLength + 4)), payload]);
  };
  const body = fc
    .record({
      lines: fc.array(line, { minLength: 1, maxLength: 4 }),
      flush: often("0000", ["", "00000000", "0001", "0000000dx=y"]),
      pack: fc.constantFrom(emptyPack(), Buffer.alloc(0)),
    })
    .map(({ lines, flush, pack }) => Buffer.concat([...lines.map(packet), Buffer.from(flush), pack]));
  const damage = fc.record({
    at: fc.nat(200),
    byte: fc.nat(255),
    kind: fc.constantFrom("replace", "insert", "remove"),
  });
  const damaged = fc.tuple(body, damage).map(([whole, { at, byte, kind }]) => {
    const place = at % Math.max(1, whole.byteLength);
    const middle = kind === "remove" ? [] : [Buffer.from([byte])];
    return Buffer.concat([whole.subarray(0, place), ...middle, whole.subarray(kind === "insert" ? place : place + 1)]);
  });
  return fc.oneof({ weight: 3, arbitrary: body }, { weight: 1, arbitrary: damaged });
}

interface Line {
  readonly text: string;
  readonly capabilities: string | undefined;
  readonly end: string;
  readonly length: ((bytes: number) => string) | undefined;
}
