/**
 * Returns shell lines that take a workspace from clone to push and run unchanged.
 * @param hasProxy whether the shell's curl would send them to a proxy
 */
export function curlLines(url: string, key: string, repoUrl: string, hasProxy: boolean): string[] {
  const curl = hasProxy ? "curl --noproxy 127.0.0.1" : "curl";
  const call = (operation: string, body: string) =>
    `${curl} -sS -w '\\n' ${url}/v1/git/${operation} -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d ${body}`;
  // Uses double quotes, because the text contains $id.
  const withId = (rest: string) => `"{\\"sandbox_id\\":\\"$id\\"${rest.replaceAll('"', '\\"')}}"`;
  const clone = call("clone", `'${JSON.stringify({ repo_url: repoUrl, agent_id: "me", task_id: "try" })}'`);
  return [
    `id=$(${clone} | tee /dev/stderr | sed -n 's/.*"sandbox_id":"\\([^"]*\\)".*/\\1/p')`,
    call("status", withId("")),
    call("edit", withId(',"files":[{"path":"hello.txt","content":"hello from an agent\\\\n"}]')),
    call("diff", withId("")),
    call("push", withId(',"message":"Say hello"')),
  ];
}
