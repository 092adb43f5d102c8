import * as z from "zod/v4";
import { ENTRY_KINDS, readContent, readFolder, readTree } from "./content.ts";
import { failureOf, type Reasons } from "./failure.ts";
import { cursor, folderPath, maxBytes, revision, sandboxId } from "./inputs.ts";
import { COMMIT_OF, PIPED } from "./looking.ts";
import { defineOperation, type Parsed, type ScriptOutput } from "./operation.ts";
import { sectionRecords, sectionText } from "./output.ts";
import { ENTER, FAIL, SECTION } from "./shell.ts";

const MAX_ENTRIES = 1000;
const MAX_LINE = 1_000_000_000;

const line = z.int().min(1).max(MAX_LINE);

const input = z
  .strictObject({
    sandbox_id: sandboxId,
    path: folderPath.default("").describe("File or folder; default: the root folder"),
    ref: revision.optional().describe("As it is in this commit; default: the working tree"),
    start_line: line.optional(),
    end_line: line.optional(),
    cursor: cursor.optional(),
    max_bytes: maxBytes,
  })
  .refine((asked) => (asked.start_line ?? 1) <= (asked.end_line ?? MAX_LINE), {
    path: ["end_line"],
    message: "is before start_line",
  });

const output = z.object({
  path: z.string(),
  kind: z.enum(ENTRY_KINDS),
  size: z.number().optional().describe("Bytes of the whole file"),
  lines: z.number().optional().describe("Line ends in the whole file, when lines were asked for"),
  encoding: z.enum(["utf-8", "base64"]).optional(),
  content: z.string().optional().describe("Of a file; pages joined are the whole"),
  target: z.string().optional().describe("Where a symlink points, or the commit of a submodule"),
  entries: z
    .array(z.object({ name: z.string(), kind: z.enum(ENTRY_KINDS), size: z.number().optional() }))
    .optional()
    .describe("Of a folder"),
  truncated: z.boolean(),
  cursor: z.string().optional(),
});

/**
 * What is there is told by the shell's own tests, so a file costs two small processes (its size, its bytes) and a
 * folder one (the sizes). Only the asked bytes leave the sandbox. At a commit git's objects are read, where a symlink
 * is an object like any other and nothing is followed. Section 1: kind and what goes with it; 2: content or entries;
 * 3: sizes of the entries; 4: paths of submodules.
 */
const script = `${SECTION}${FAIL}${ENTER}${COMMIT_OF}${PIPED}
path=$1 ref=$2 first=$3 count=$4 from=$5 max=$6 entries=$7
part() { if [ -n "$first" ]; then tail -n "+$first" | head -n "$count" | page; else page; fi; }
page() { if [ "$from" -gt 0 ]; then tail -c "+$((from + 1))" | head -c "$max"; else exec head -c "$max"; fi; }
section 1
if [ -n "$ref" ]; then
  at() {
    if [ -n "$path" ]
    then git ls-tree --format='%(objectmode) %(objectsize) %(objectname)' --end-of-options "$1" -- "$path"
    else git rev-parse --verify --end-of-options "$1^{tree}"; fi
  }
  if ! found=$(at "$ref" 2>/dev/null); then
    ref=$(commit_of "$ref") || fail ref_not_found "$2"
    found=$(at "$ref") || fail git
  fi
  mode=\${found%% *} size=\${found#* } object=\${found##* }
  size=\${size%% *}
  case $mode in
    "") fail path_not_found "$path" ;;
    040000 | "$object") printf 'tree\\0'; section 2; exec git ls-tree -z -l "$object" ;;
    160000) printf 'submodule\\0%s\\0' "$object"; exit ;;
    120000) printf 'symlink\\0'; git cat-file blob "$object" || exit; printf '\\0'; exit ;;
  esac
  printf 'file\\0'
  if [ -n "$first" ]; then piped cat-file blob "$object" | wc -l; fi
  printf '%s' "$size"
  section 2
  piped cat-file blob "$object" | part
  exit
fi
rest=$path folder=
while [ "$rest" != "\${rest#*/}" ]; do
  folder=$folder\${rest%%/*}
  if [ -L "$folder" ]; then fail symlink_parent "$folder"; fi
  folder=$folder/ rest=\${rest#*/}
done
place=./$path
if [ -L "$place" ]; then printf 'symlink\\0'; readlink -n "$place"; printf '\\0'; exit; fi
if [ -f "$place" ]; then
  printf 'file\\0'
  if [ -n "$first" ]; then wc -lc <"$place"; else wc -c <"$place"; fi
  section 2
  part <"$place"
  exit
fi
if ! [ -e "$place" ]; then fail path_not_found "$path"; fi
if ! [ -d "$place" ]; then fail special_file "$path"; fi
printf 'folder\\0'
cd "$place" || exit
there() { [ -e "$1" ] || [ -L "$1" ]; }
set -- *; there "$1" || set --
set -- ..?* "$@"; there "$1" || shift
set -- .[!.]* "$@"; there "$1" || shift
if [ "$from" -ge $# ]; then exit; fi
shift "$from"
if [ $# -gt "$entries" ]; then
  # The shell has no slice: "$1" to "$1000", written out.
  n=0 kept=
  while [ "$n" -lt "$entries" ]; do n=$((n + 1)); kept="$kept \\"\\\${$n}\\""; done
  eval "set -- $kept"
fi
section 2
for name do
  if [ -L "$name" ]; then kind=symlink; elif [ -d "$name" ]; then kind=folder; elif [ -f "$name" ]; then kind=file; else kind=special; fi
  printf '%s %s\\0' "$kind" "$name"
done
section 3
stat -c %s -- "$@" 2>/dev/null || stat -f %z -- "$@" 2>/dev/null
if [ -f "$tree/.gitmodules" ] && ! [ -L "$tree/.gitmodules" ]; then
  section 4
  git config -z -f "$tree/.gitmodules" --get-regexp '^submodule\\..*\\.path$'
fi
exit 0
`;

const REASONS: Reasons = {
  symlink_parent: (folder) => ({
    code: "invalid_input",
    field: "path",
    detail: `'${folder}' is a symlink, and symlinks are not followed. Read it to see where it points.`,
  }),
  special_file: (path) => ({
    code: "invalid_input",
    field: "path",
    detail: `'${path}' is neither a file nor a folder nor a symlink; it cannot be read.`,
  }),
};

export const read = defineOperation({
  name: "read",
  summary: "A file, or the entries of a folder, from the working tree or from a commit.",
  access: "read",
  shell: "/bin/sh",
  input,
  output,
  script,
  command(asked) {
    const ranged = asked.start_line !== undefined || asked.end_line !== undefined;
    const first = asked.start_line ?? 1;
    return {
      args: [
        asked.path,
        asked.ref ?? "",
        ranged ? String(first) : "",
        String((asked.end_line ?? MAX_LINE) - first + 1),
        String(asked.cursor ?? 0),
        // One more than is shown tells that there is more.
        String(asked.max_bytes + 1),
        String(MAX_ENTRIES + 1),
      ],
    };
  },
  parse(result, asked): Parsed<z.output<typeof output>> {
    const failed = failureOf(result, REASONS);
    if (failed) return failed;
    const [kind, detail = ""] = sectionRecords(result.sections, 1);
    const about = { path: asked.path, truncated: false };
    const from = asked.cursor ?? 0;
    if (kind === "symlink" || kind === "submodule") return { ok: true, value: { ...about, kind, target: detail } };
    if (kind === "tree" || kind === "folder") {
      const { entries, more } =
        kind === "tree" ? readTree(result, from, MAX_ENTRIES) : readFolder(result, asked.path, MAX_ENTRIES);
      const next = more ? { cursor: String(from + MAX_ENTRIES) } : {};
      return { ok: true, value: { ...about, kind: "folder", entries, truncated: more || result.truncated, ...next } };
    }
    const bytes = result.sections.get(2) ?? new Uint8Array();
    const { end, ...content } = readContent(bytes, asked.max_bytes);
    const more = end < bytes.length ? { truncated: true, cursor: String(from + end) } : {};
    return { ok: true, value: { ...about, kind: "file", ...counts(result), ...content, ...more } };
  },
});

/** Section 1 after its first record: the size, and before it the number of lines when lines were asked for. */
function counts(result: ScriptOutput): { size?: number; lines?: number } {
  const text = sectionText(result.sections, 1);
  const numbers =
    text
      .slice(text.indexOf("\0") + 1)
      .match(/\d+/g)
      ?.map(Number) ?? [];
  const size = numbers.at(-1);
  const [lines] = numbers;
  return { ...(size === undefined ? {} : { size }), ...(numbers.length === 2 && lines !== undefined ? { lines } : {}) };
}
