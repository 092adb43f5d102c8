import * as z from "zod/v4";
import { foundIn } from "./token-forms.ts";

/** The caller, the Worker, and the EchoHost of the repositories. */
interface EchoDrive {
  readonly workerUrl: string;
  readonly key: string;
  readonly hostUrl: string;
  /** The token that every call sends to the host. */
  readonly token: string;
}

type Door = "http" | "tool" | "run";
const DOORS: readonly Door[] = ["http", "tool", "run"];

/** Repositories of the host that make the clone itself fail. */
const REFUSALS = ["err", "late-err", "body", "redirect"];
const REDACTED = "[redacted]";

const cloned = z.object({ sandbox_id: z.string(), branch: z.string() });
const message = (id: number, name: string, args: object) => {
  const params = { name, arguments: args, _meta: { progressToken: `p${id}` } };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
};

/**
 * Makes the host send its credential back in every way, through every door of the Worker. Throws if an answer holds the
 * token, a terminal sequence or text that runs backwards, or if no answer held a redacted text.
 * @returns the number of calls
 */
export async function driveEchoHost({ workerUrl, key, hostUrl, token }: EchoDrive): Promise<number> {
  let calls = 0;
  let redacted = 0;
  const found: string[] = [];

  const send = async (path: string, body: object) => {
    calls++;
    const response = await fetch(workerUrl + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        Authorization: `Bearer ${key}`,
        "X-Git-Token": `${hostUrl}=${token}`,
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (text.includes(REDACTED)) redacted++;
    const traces = foundIn(`${JSON.stringify([...response.headers])}${text}`, token);
    if (traces.length > 0) found.push(`${path} ${JSON.stringify(body)}: ${traces.join(", ")} in ${text}`);
    return text;
  };
  const http = (operation: string, input: object) => send(`/v1/git/${operation}`, input);
  const ask = (door: Door, operation: string, input: object) => {
    if (door === "http") return http(operation, input);
    if (door === "tool") return send("/mcp", message(calls, `git_${operation}`, input));
    return send("/mcp", message(calls, "git_run", { steps: [{ op: operation, ...input }] }));
  };
  const clone = async (name: string, task_id: string) => {
    const input = { repo_url: `${hostUrl}/${name}.git`, agent_id: "echo", task_id };
    return cloned.parse(JSON.parse(await http("clone", input)));
  };

  for (const door of DOORS) {
    for (const way of REFUSALS) {
      await ask(door, "clone", { repo_url: `${hostUrl}/${way}.git`, agent_id: "echo", task_id: door });
    }
    const { sandbox_id } = await clone("refuse", door);
    await http("edit", { sandbox_id, files: [{ path: "mine.txt", content: `${door}\n` }] });
    await ask(door, "push", { sandbox_id, message: "Refused" });

    const mirror = { repo_url: `${hostUrl}/mirror.git`, agent_id: "echo", task_id: `mirror-${door}` };
    await ask(door, "clone", mirror);
    const { sandbox_id: read } = await clone("mirror", `mirror-${door}`);
    for (const operation of ["status", "read", "pull"]) await ask(door, operation, { sandbox_id: read });
    await ask(door, "diff", { sandbox_id: read, base: "main" });
  }
  await send("/v1/snapshots", { repo_url: `${hostUrl}/err.git` });
  const { sandbox_id } = await clone("mirror", "looks");
  const looks = [
    { op: "log" },
    { op: "branch" },
    { op: "search", pattern: "you sent" },
    { op: "diff", base: "main" },
    { op: "branch", name: "nowhere" },
  ];
  for (const { op, ...input } of looks) await http(op, { sandbox_id, ...input });
  // The last step fails: the steps before it are reported with the failure.
  await send("/mcp", message(calls, "git_run", { sandbox_id, steps: looks }));

  const faults = found.join("\n");
  if (faults !== "") throw new Error(`${found.length} of ${calls} answers hold what they must not:\n${faults}`);
  if (redacted === 0) throw new Error(`none of ${calls} answers held anything of what the host sent back`);
  return calls;
}
