import { type Client, createClient, WarmtreeError } from "warmtree/client";
import { corrected, type Link, LINK_PATTERN, linksIn, movedTo } from "../links.ts";
import { readOptions } from "../options.ts";

const USAGE = `node examples/fix-a-file/main.ts <repository>

An agent without a model: finds a link in the repository's Markdown pages that leads nowhere, finds
in the history where its file went, corrects the page, and pushes to a branch of its own.

  WARMTREE_URL  http://127.0.0.1:8787 if it is not set, as with npm start
  WARMTREE_KEY  dev if it is not set
  <repository>  of npm start: the address that ends in manual.git`;

/** Steps of one request. */
const MAX_STEPS = 50;

const { url, key, repository } = readOptions(USAGE);
try {
  await fixLinks(createClient({ url, key }), repository);
} catch (error) {
  if (!(error instanceof WarmtreeError)) throw error;
  // The detail names the effect on the work and the next step.
  console.error(error.message);
  process.exitCode = 1;
}

async function fixLinks(client: Client, repo_url: string): Promise<void> {
  const { git } = client;
  const { sandbox_id, branch } = await git.clone({ repo_url, agent_id: "fixer", task_id: "links" });
  console.log(`cloned into ${sandbox_id}, on branch ${branch}`);

  const broken = await brokenLinks(client, sandbox_id);
  if (broken.length === 0) return console.log("every link leads to a file");
  const { commits } = await git.log({ sandbox_id, files: true });
  for (const link of broken) {
    console.log(`${link.page}:${link.line} links to ${link.path}, which is not there`);
    const moved = movedTo(commits, link.path);
    if (!moved) continue;
    console.log(`  ${moved.by.author} moved it to ${moved.path} in ${moved.by.sha.slice(0, 7)}: ${moved.by.subject}`);
    await git.edit({ sandbox_id, files: [corrected(link, moved.path)] });
  }

  const left = await brokenLinks(client, sandbox_id);
  if (left.length > 0) console.log(`${left.length} of ${broken.length} are left`);
  const { diff, files } = await git.diff({ sandbox_id });
  if (files.length === 0) return console.log("nothing to push");
  console.log(diff);
  const pushed = await git.push({ sandbox_id, message: "Correct links to files that were moved" });
  console.log(`pushed ${pushed.commit} to ${pushed.to}`);
}

/** Looks up every link in one request. */
async function brokenLinks(client: Client, sandbox_id: string): Promise<Link[]> {
  const { matches } = await client.git.search({ sandbox_id, pattern: LINK_PATTERN, regex: true });
  const links = linksIn(matches).slice(0, MAX_STEPS);
  if (links.length === 0) return [];
  const { steps } = await client.run({
    sandbox_id,
    on_error: "continue",
    steps: links.map(({ path }) => ({ op: "read" as const, path })),
  });
  return links.filter((_, at) => {
    const step = steps[at];
    return step?.status === "failed" && step.error.code === "path_not_found";
  });
}
