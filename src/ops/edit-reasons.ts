import { OUTSIDE } from "./tree-path.ts";
import type { Reasons } from "./output/failure.ts";

type Explain = Reasons[string];

const NOTHING = "Nothing was changed.";

/** `place` is `files.<index>`, `files.<index>.<member>`, `patch` or `patch.<line>`. */
function spoken(place: string): string {
  const [, line] = /^patch\.(\d+)$/.exec(place) ?? [];
  return line === undefined ? place : `Line ${line} of the patch`;
}

const field = (place: string) => (place.startsWith("patch") ? "patch" : place);

/** `told` is the place, a line end, and the input of `explain`. */
const refused =
  (explain: (told: string, place: string) => string): Explain =>
  (told) => {
    const at = told.indexOf("\n");
    const [place, rest] = at === -1 ? [told, ""] : [told.slice(0, at), told.slice(at + 1)];
    // A patch does not apply; other input is not valid.
    const code = place.startsWith("patch") ? "patch_failed" : "invalid_input";
    return { code, field: field(place), detail: `${spoken(place)} ${explain(rest, place)}. ${NOTHING}` };
  };

/** Splits path and target of a link. The script writes the NUL between them as a line end. */
function linked(told: string): readonly [path: string, target: string] {
  const [path = "", target = ""] = told.split("\n");
  return [path, target];
}

const BY_LFS = "which .gitattributes gives to Git LFS";
const INSTEAD = "write a pointer, or leave the file to a client with git-lfs";

export const EDIT_REASONS: Reasons = {
  link: refused((told) => {
    const [path, target] = linked(told);
    return `edits '${path}', a symbolic link to '${target}': edit that, or set the link's target with 'link'`;
  }),
  below_link: refused((told) => {
    const [path, target] = linked(told);
    return `is below '${path}', a symbolic link to '${target}', and links are not followed`;
  }),
  no_link: refused((path) => `has the mode of a symbolic link, and '${path}' is none`),
  folder: refused(() => "is a folder"),
  under_file: refused(() => "is below a path that is not a folder"),
  special: refused(() => "is neither a file nor a folder"),
  exists: refused((path) => `makes '${path}', which exists already`),
  in_submodule: refused((folder) => `is in the submodule '${folder}', whose files belong to another repository`),
  lfs: refused(
    (paths) =>
      `would write ${paths}, ${BY_LFS}, and the git host takes no LFS objects, or not with this credential: ${INSTEAD}`,
  ),
  lfs_part: refused(
    (path) => `would write '${path}', ${BY_LFS}: send its whole content as 'content' or 'base64', or write a pointer`,
  ),
  lfs_elsewhere: refused(
    (path) => `would write '${path}', ${BY_LFS}, and .lfsconfig names a server that is not asked from here: ${INSTEAD}`,
  ),
  encoding: refused(
    (name) => `cannot be done as text, because .gitattributes gives the file the encoding ${name}: use 'base64'`,
  ),
  old_missing: refused((told) => `does not occur in ${told}`),
  old_often: refused((told) => `occurs in ${told}. Add lines around it to name one place, or set all`),
  hunk_missing: refused((told) => `begins a hunk whose old lines are not in ${told}`),
  hunk_often: refused((told) => `begins a hunk whose old lines are in ${told}. Add unchanged lines to name one place`),
  hunk_nowhere: refused(() => "begins a hunk without an unchanged or removed line, so that its place is unknown"),
  not_emptied: refused((path) => `deletes '${path}', and not all of its lines`),
  two_readings: refused((told) => {
    const [path, other] = linked(told);
    return `may mean '${path}' or '${other}': begin the change with 'diff --git a/<path> b/<path>'`;
  }),
  unwritable: (told) => {
    const [place = "", why = ""] = told.split("\n");
    const named = place === "" ? {} : { field: field(place) };
    return { code: "invalid_input", ...named, detail: `A file cannot be written: ${why}. ${NOTHING}` };
  },
  outside: () => ({
    code: "invalid_input",
    field: "patch",
    detail: `patch names a file that ${OUTSIDE}. ${NOTHING}`,
  }),
  patch_failed: (said) => ({
    code: "patch_failed",
    detail: `The patch does not apply: ${said
      .replaceAll(/^error: /gm, "")
      .trim()
      .split("\n")
      .join("; ")}. ${NOTHING}`,
  }),
  missing: (told) => {
    const [place = "", path = ""] = told.split("\n");
    const code = place.startsWith("patch") ? "patch_failed" : "path_not_found";
    return { code, field: field(place), detail: `${spoken(place)}: '${path}' does not exist. ${NOTHING}` };
  },
};
