/**
 * Makes a regular expression, for Perl and for RegExp, of a pattern of paths: `*` is any part of a name, `**` any
 * folders. It is to match the whole path, from the root of the repository.
 */
export function globRegex(glob: string): string {
  return glob.replaceAll(/\*\*\/|\*\*|\*|[^\w/]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part > "\x7f" ? part : `\\${part}`;
  });
}
