import { PIECES } from "./pieces.ts";

/**
 * Joins a script and its pieces to one text, so that a sandbox needs no files of ours. The files also run as they are,
 * if WT_LIB names the folder of the pieces (README.md). In a shell:
 *
 *     . "$WT_LIB/lock.sh"              the piece, unless the script already has it
 *     perl "$WT_LIB/follow.pl" …       perl -e '…' …
 *
 * and in Perl:
 *
 *     require "$ENV{WT_LIB}/undo.pl";  the piece
 *       require "$ENV{WT_LIB}/x.pl";   in a block: the piece, compiled the first time that the block runs
 *     "/bin/sh", "$ENV{WT_LIB}/x.sh"   "/bin/sh", "-c", '…', "sh"
 *
 * Comment lines are removed. The text of a quoted heredoc is a script of its own. Throws if a piece does not exist.
 */
export function assemble(script: string, language: "shell" | "perl" = "shell", pieces = PIECES): string {
  return language === "perl" ? perl(script, pieces) : shell(script, pieces, new Set());
}

type Pieces = Readonly<Record<string, string>>;

const COMMENT = /^[ \t]*#/;
const HEREDOC = /<<'(\w+)'/;
const SHELL_PIECE = /^[ \t]*\. "\$WT_LIB\/([\w-]+\.sh)"$/;
const PERL_FILE = /perl((?: -\w+)*) "\$WT_LIB\/([\w-]+\.pl)"/g;
const PERL_PIECE_IN_BLOCK = /^[ \t]+require "\$ENV\{WT_LIB\}\/([\w-]+\.pl)";$/;
const PERL_PIECE = /^require "\$ENV\{WT_LIB\}\/([\w-]+\.pl)";$/;
const SHELL_FILE = /"\/bin\/sh", "\$ENV\{WT_LIB\}\/([\w-]+\.sh)"/g;

function shell(text: string, pieces: Pieces, included: Set<string>): string {
  let out = "";
  let own = included;
  let end: string | undefined;
  for (const line of linesOf(text)) {
    const [, name] = SHELL_PIECE.exec(line) ?? [];
    if (name === undefined) {
      out += `${line.replace(PERL_FILE, (_, flags: string, file: string) => `perl${flags} -e ${quoted(perl(piece(file, pieces), pieces))}`)}\n`;
    } else if (!own.has(name)) {
      own.add(name);
      out += shell(piece(name, pieces), pieces, own);
    }
    if (line === end) {
      end = undefined;
      own = included;
    } else if (end === undefined) {
      end = HEREDOC.exec(line)?.[1];
      if (end !== undefined) own = new Set();
    }
  }
  return out;
}

function perl(text: string, pieces: Pieces): string {
  return linesOf(text)
    .map((line) => {
      const [, name] = PERL_PIECE.exec(line) ?? [];
      if (name !== undefined) return perl(piece(name, pieces), pieces);
      const [, later] = PERL_PIECE_IN_BLOCK.exec(line) ?? [];
      if (later !== undefined) {
        return `$INC{"${later}"}++ or eval ${perlQuoted(`${perl(piece(later, pieces), pieces)}1;\n`)} or die $@;\n`;
      }
      return `${line.replace(SHELL_FILE, (_, file: string) => `"/bin/sh", "-c", ${perlQuoted(shell(piece(file, pieces), pieces, new Set()))}, "sh"`)}\n`;
    })
    .join("");
}

function piece(name: string, pieces: Pieces): string {
  const text = pieces[name];
  if (text === undefined) throw new Error(`No piece of a script is called ${name}.`);
  return text;
}

const linesOf = (text: string) =>
  text
    .replace(/\n$/, "")
    .split("\n")
    .filter((line) => line !== "" && !COMMENT.test(line));

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const perlQuoted = (text: string) => `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
