import { SCRIPT_VALUES } from "./scripts/shared.ts";

/**
 * Settings that git gets by environment, so that nothing is written into the repository and nothing in it can switch
 * them off. Each is here because a repository, or the machine's own config, could otherwise run a program, ask a
 * question, follow a redirect with a credential, or change the output that is parsed.
 */
type Settings = readonly (readonly [key: string, value: string])[];

/** Settings that also affect a git that only reads the tree. */
const LOOK_SETTINGS: Settings = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.untrackedCache", "keep"],
  ["safe.directory", "*"],
  // The last, so that it can override the others. `refresh_index` (scripts/lib/refresh-index.sh) writes the file.
  ["include.path", "~/.warmtree/git.config"],
];

const GIT_SETTINGS: Settings = [
  ["core.quotePath", "false"],
  // Names that only other systems read as .git: the caller may clone the tree there next.
  ["core.protectHFS", "true"],
  ["core.protectNTFS", "true"],
  ["credential.helper", ""],
  ["http.followRedirects", "false"],
  // git streams larger files, and diffs them as binary; otherwise it would hold two of them in memory.
  ["core.bigFileThreshold", "64m"],
  // Ends a transfer below 1 kB/s for 20 s; otherwise a stalled fetch waits forever.
  ["http.lowSpeedLimit", "1000"],
  ["http.lowSpeedTime", "20"],
  ["transfer.credentialsInUrl", "die"],
  ["transfer.bundleURI", "false"],
  ["submodule.recurse", "false"],
  ["fetch.recurseSubmodules", "false"],
  ["push.recurseSubmodules", "no"],
  // Housekeeping would start in the background and outlive the operation.
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["commit.gpgSign", "false"],
  ["merge.conflictStyle", "diff3"],
  ["advice.detachedHead", "false"],
  ["init.defaultBranch", "main"],
  ...LOOK_SETTINGS,
];

/** git reads these from version 2.31 on. */
function configured(settings: Settings): Record<string, string> {
  const pairs = settings.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) };
}

const LOOK: Readonly<Record<string, string>> = {
  // An edit waits for processes with this variable.
  WT_LOOK: "1",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_OPTIONAL_LOCKS: "0",
  // `bring` (scripts/lib/bring.sh) fetches missing objects of a partial clone, with the credential and a clean config.
  GIT_NO_LAZY_FETCH: "1",
  GIT_LITERAL_PATHSPECS: "1",
  // git ends before it would return memory to the system, and threads that read file states do not need an arena each.
  // Without glibc, the variable has no effect.
  GLIBC_TUNABLES: "glibc.malloc.trim_threshold=1000000000:glibc.malloc.arena_max=1",
};

/** Environment of a git that starts without a shell. Sixty variables would cost it 4% of its time. */
export const LOOK_ENVIRONMENT: Readonly<Record<string, string>> = { ...LOOK, ...configured(LOOK_SETTINGS) };

/** Environment of every script. */
export const GIT_ENVIRONMENT: Readonly<Record<string, string>> = {
  ...LOOK,
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "",
  SSH_ASKPASS: "",
  GIT_PAGER: "cat",
  GIT_EDITOR: "true",
  ...SCRIPT_VALUES,
  ...configured(GIT_SETTINGS),
};
