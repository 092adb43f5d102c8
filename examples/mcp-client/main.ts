import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import * as z from "zod/v4";
import { corrected, type Link, LINK_PATTERN, linksIn, movedTo } from "../links.ts";
import { readOptions } from "../options.ts";

const USAGE = `node examples/mcp-client/main.ts <repository>

The agent of examples/fix-a-file over MCP, with the protocol's official client: the calls are those
that a model would make.

  WARMTREE_URL  http://127.0.0.1:8787 if it is not set, as with npm start
  WARMTREE_KEY  dev if it is not set
  <repository>  of npm start: the address that ends in manual.git`;

const contentSchema = z.tuple([z.object({ type: z.literal("text"), text: z.string() })]);
const clonedSchema = z.object({ sandbox_id: z.string(), branch: z.string().nullable() });
const searchSchema = z.object({
  matches: z.array(z.object({ path: z.string(), line: z.number(), text: z.string() })),
});
const movedFile = z.object({ path: z.string(), from: z.string().optional() });
const logSchema = z.object({
  commits: z.array(
    z.object({ sha: z.string(), author: z.string(), subject: z.string(), files: z.array(movedFile).optional() }),
  ),
});
const diffSchema = z.object({ diff: z.string() });
const pushedSchema = z.object({ commit: z.string(), to: z.string() });
const problemSchema = z.object({ code: z.string(), detail: z.string() });

const { url, key, repository } = readOptions(USAGE);
const client = new Client({ name: "fixer", version: "1.0.0" });
const requestInit = { headers: { Authorization: `Bearer ${key}` } };
await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit }));
try {
  await fixLinks(repository);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await client.close();
}

async function fixLinks(repo_url: string): Promise<void> {
  const cloned = await call("git_clone", { repo_url, agent_id: "mcp-fixer", task_id: "links" }, clonedSchema);
  const { sandbox_id, branch } = cloned;
  console.log(`cloned into ${sandbox_id}, on branch ${branch}`);

  const broken = await brokenLinks(sandbox_id);
  if (broken.length === 0) return console.log("every link leads to a file");
  const { commits } = await run({ sandbox_id, op: "log", files: true }, logSchema);
  const files = broken.flatMap((link) => {
    const moved = movedTo(commits, link.path);
    console.log(`${link.page}:${link.line} links to ${link.path}, which is now ${moved?.path ?? "nowhere"}`);
    return moved ? [corrected(link, moved.path)] : [];
  });
  if (files.length === 0) return console.log("nothing to push");
  await call("git_edit", { sandbox_id, files }, z.looseObject({}));
  console.log((await call("git_diff", { sandbox_id }, diffSchema)).diff);
  const message = "Correct links to files that were moved";
  const pushed = await call("git_push", { sandbox_id, message }, pushedSchema);
  console.log(`pushed ${pushed.commit} to ${pushed.to}`);
}

async function brokenLinks(sandbox_id: string): Promise<Link[]> {
  const found = await run({ sandbox_id, op: "search", pattern: LINK_PATTERN, regex: true }, searchSchema);
  const broken: Link[] = [];
  for (const link of linksIn(found.matches)) {
    const { problem } = await answerOf("git_read", { sandbox_id, path: link.path });
    if (problem?.code === "path_not_found") broken.push(link);
  }
  return broken;
}

type Members = Readonly<Record<string, unknown>>;

async function answerOf(name: string, input: Members) {
  const { content, isError } = await client.callTool({ name, arguments: input });
  const [{ text }] = contentSchema.parse(content);
  const answer: unknown = JSON.parse(text);
  return isError ? { problem: problemSchema.parse(answer) } : { answer };
}

/** @throws Error with the tool's detail if the tool failed: the effect on the work and the next step */
async function call<Answer>(name: string, input: Members, schema: z.ZodType<Answer>): Promise<Answer> {
  const { answer, problem } = await answerOf(name, input);
  if (problem) throw new Error(`${name}: ${problem.detail}`);
  return schema.parse(answer);
}

/** Calls an operation that has no tool of its own, as a step of git_run. */
async function run<Answer>({ sandbox_id, ...step }: Members, schema: z.ZodType<Answer>): Promise<Answer> {
  const { done } = await call("git_run", { sandbox_id, steps: [step] }, z.object({ done: z.tuple([schema]) }));
  return done[0];
}
