/**
 * Converts a path pattern to a regular expression for Perl and RegExp: `*` is any part of a name, `**` any folders. The
 * expression is for the whole path, from the root of the repository.
 */
export function globRegex(glob: string): string {
  return glob.replaceAll(/\*\*\/|\*\*|\*|[^\w/]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part > "\x7f" ? part : `\\${part}`;
  });
}
