import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/v4";
import { makeRepository } from "../../sample-remote/repositories.ts";
import { startGitServer } from "../../sample-remote/server.ts";
import { Cleanups } from "../../support/cleanups.ts";
import { callOperation } from "../../support/client.ts";
import { startHostProcess } from "../../harness/host-process.ts";
import { localBindings } from "../../support/local-services.ts";
import { ROOT } from "../../support/tools.ts";
import { startWorkerd } from "../../support/workerd.ts";

export interface Machinery {
  readonly url: string;
  readonly workerPid: number;
  /** Returns a workspace of a repository with `files` files, and a plain clone of it in the same state. */
  prepare(files: number): Promise<{ readonly sandbox_id: string; readonly tree: string }>;
  close(): Promise<void>;
}

const clonedSchema = z.object({ sandbox_id: z.string() });
const contentSchema = z.object({ content: z.string() });

/** Number of files that an agent changes in a moment of work, in the workspace and in the plain clone alike. */
const CHANGED_FILES = 3;

/**
 * Starts the bundled Worker in bare workerd and the sandbox host in processes of their own, as in production, so that
 * they share only the machine's processor time. Sandboxes are plain processes.
 */
export async function startMachinery(): Promise<Machinery> {
  const cleanups = new Cleanups();
  try {
    const folder = await mkdtemp(join(tmpdir(), "warmtree-bench-"));
    cleanups.add(() => rm(folder, { recursive: true, force: true }));
    const git = await startGitServer({ root: join(folder, "remote") });
    cleanups.add(() => git.close());
    const { url: hostUrl } = await startHostProcess(folder, "none", cleanups);
    bundleElsewhere();
    const bindings = { ...localBindings(hostUrl, git.url), POOL_MIN: "0", POOL_MAX: "0" };
    const worker = await startWorkerd({ bindings });
    cleanups.add(() => worker.close());

    const operation = async (name: string, input: object) => {
      const { status, json } = await callOperation(worker.url, name, input);
      if (status !== 200) throw new Error(`${name} answered ${status}: ${JSON.stringify(json)}`);
      return json;
    };
    return {
      url: worker.url,
      workerPid: worker.pid,
      close: () => cleanups.run(),
      prepare: async (files) => {
        const bare = await makeRepository(git.root, `files-${files}`, { files, commits: 50 });
        const tree = join(folder, `plain-${files}`);
        execFileSync("git", ["clone", "-q", bare, tree]);
        const { sandbox_id } = clonedSchema.parse(
          await operation("clone", { repo_url: `${git.url}/files-${files}.git` }),
        );
        const paths = execFileSync("git", ["ls-files"], { cwd: tree, encoding: "utf8" }).split("\n");
        const edits = [{ path: "notes/new.txt", content: "new\n" }];
        for (const path of paths.filter((name) => name.endsWith(".ts")).slice(0, CHANGED_FILES)) {
          const { content } = contentSchema.parse(await operation("read", { sandbox_id, path }));
          edits.push({ path, content: `${content}// changed\n` });
          await appendFile(join(tree, path), "// changed\n");
        }
        await operation("edit", { sandbox_id, files: edits });
        await mkdir(join(tree, "notes"), { recursive: true });
        await writeFile(join(tree, "notes/new.txt"), "new\n");
        return { sandbox_id, tree };
      },
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}

/** Bundles in a process of its own, because bundling takes memory that would slow the start of every git after it. */
function bundleElsewhere(): void {
  const module = JSON.stringify(join(ROOT, "scripts/support/bundle.ts"));
  const script = `import(${module}).then(({ bundleWorker }) => bundleWorker())`;
  execFileSync(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "inherit"] });
}
