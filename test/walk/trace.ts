/** Quotes a text for a shell; names and contents may hold any character but NUL. */
export const quoted = (text: string): string =>
  /[^\x20-\x7e]/.test(text)
    ? `$'${text.replaceAll(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}'`
    : `'${text.replaceAll("'", "'\\''")}'`;

/** Begins every trace; for bash, in an empty folder. */
export const TRACE_BEGIN = `# $URL: the service; $REPO: address of the bare repository in $BARE (absolute)
export GIT_AUTHOR_NAME=Person GIT_AUTHOR_EMAIL=person@warmtree.invalid GIT_LITERAL_PATHSPECS=1
export GIT_COMMITTER_NAME=Person GIT_COMMITTER_EMAIL=person@warmtree.invalid
call() { curl -sS "$URL/v1/git/$1" -H 'Authorization: Bearer dev' -H 'Content-Type: application/json' -d "$2"; echo; }
id() { tee /dev/stderr | sed -n 's/.*"sandbox_id":"\\([^"]*\\)".*/\\1/p'; }`;

/** Returns a line with a call, and its answer as a comment. */
export function callLine(operation: string, body: object, workspace: number, answer: string): string {
  const where = operation === "clone" ? { repo_url: "$REPO" } : { sandbox_id: `$ID${workspace}` };
  const json = quoted(ascii(JSON.stringify({ ...where, ...body }))).replace(/\$(?:REPO|ID\d+)/, `'"$&"'`);
  const line = operation === "clone" ? `ID${workspace}=$(call clone ${json} | id)` : `call ${operation} ${json}`;
  return `${line}\n  # -> ${answer.slice(0, 700)}`;
}

/** Escapes all but printable ASCII in JSON, for use in single quotes. */
const ascii = (json: string) =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
