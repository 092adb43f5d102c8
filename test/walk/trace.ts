/** For a shell; names and contents may hold anything but NUL. */
export const quoted = (text: string): string =>
  /[^\x20-\x7e]/.test(text)
    ? `$'${text.replaceAll(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}'`
    : `'${text.replaceAll("'", "'\\''")}'`;

export const TRACE_BEGIN = `# $URL: the service; $REPO: address of the bare repository $BARE; $ID0 and so on: what clone answered as sandbox_id
call() { curl -sS "$URL/v1/git/$1" -H 'Authorization: Bearer dev' -H 'Content-Type: application/json' -d "$2"; echo; }`;

/** A call, with what was answered as a comment. */
export function callLine(operation: string, body: object, workspace: number, answer: string): string {
  const text = JSON.stringify(body).replace(/^\{/, `{"sandbox_id":"$ID",`).replace(/,\}$/, "}");
  const line =
    operation === "clone"
      ? `call clone ${quoted(JSON.stringify(body)).replace("$REPO", `'"$REPO"'`)}   # ID${workspace}`
      : `ID=$ID${workspace}; call ${operation} ${quoted(text).replace("$ID", `'"$ID"'`)}`;
  return `${line}\n  # -> ${answer.slice(0, 700)}`;
}
