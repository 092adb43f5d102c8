import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export const ONCE = "00112233445566778899aabbccddeeff";
export const OTHER = "ffeeddccbbaa99887766554433221100";

/** The place of a kill: before or after git runs a command for the nth time; without `command`, any command. */
export interface Kill {
  readonly command?: string;
  readonly when: "before" | "after";
  readonly nth?: number;
}

/** Runs `work` with a git that kills all processes of the operation that starts it. */
export async function killedAt<T>({ command, when, nth = 1 }: Kill, work: () => Promise<T>): Promise<T> {
  const path = process.env["PATH"] ?? "";
  const folder = mkdtempSync(join(tmpdir(), "warmtree-kill-"));
  const shim = join(folder, "git");
  // The processes of an operation are one process group.
  const script = `#!/bin/sh
PATH='${path}'
hit=${command === undefined}
for word do if [ "$word" = '${command}' ]; then hit=true; fi; done
if [ "$hit" = true ]; then
  echo >>'${folder}/hits'
  if [ "$(wc -l <'${folder}/hits')" -ne ${nth} ]; then hit=false; fi
fi
if [ "$hit" = true ] && [ ${when} = before ]; then kill -9 0; fi
git "$@"
code=$?
if [ "$hit" = true ]; then kill -9 0; fi
exit $code
`;
  writeFileSync(shim, script);
  chmodSync(shim, 0o755);
  process.env["PATH"] = `${folder}${delimiter}${path}`;
  try {
    return await work();
  } finally {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true, force: true });
  }
}
