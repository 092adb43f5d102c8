import { SCRIPT_VALUES } from "./scripts/shared.ts";

/**
 * Settings that git gets by environment, so that nothing is written into the repository and nothing in it can switch them
 * off. Each is here because a repository, or the machine's own config, could otherwise run a program, ask a question,
 * follow a redirect with a credential, or change the output that is parsed.
 */
type Settings = readonly (readonly [key: string, value: string])[];

/** What matters to a git that only looks at the tree, too. */
const LOOK_SETTINGS: Settings = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.untrackedCache", "keep"],
  ["safe.directory", "*"],
  // The last, so that it can say more than these; not there before `settle` of shell.ts has made it.
  ["include.path", "~/.warmtree/git.config"],
];

const GIT_SETTINGS: Settings = [
  ["core.quotePath", "false"],
  // Names that only other systems read as .git: the caller's tree may be cloned there next.
  ["core.protectHFS", "true"],
  ["core.protectNTFS", "true"],
  ["credential.helper", ""],
  ["http.followRedirects", "false"],
  // Larger files are streamed, and a diff calls them binary: git would hold two of them in memory.
  ["core.bigFileThreshold", "64m"],
  // A host that sends under 1 kB/s for 20 s is as good as dead; without this a stalled fetch waits for ever.
  ["http.lowSpeedLimit", "1000"],
  ["http.lowSpeedTime", "20"],
  ["transfer.credentialsInUrl", "die"],
  ["transfer.bundleURI", "false"],
  ["submodule.recurse", "false"],
  ["fetch.recurseSubmodules", "false"],
  ["push.recurseSubmodules", "no"],
  // Housekeeping would start in the background at the worst moment, and outlive the operation.
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["commit.gpgSign", "false"],
  ["merge.conflictStyle", "diff3"],
  ["advice.detachedHead", "false"],
  ["init.defaultBranch", "main"],
  ...LOOK_SETTINGS,
];

/** git 2.31 or newer reads these. */
function configured(settings: Settings): Record<string, string> {
  const pairs = settings.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(settings.length), ...Object.fromEntries(pairs) };
}

const LOOK: Readonly<Record<string, string>> = {
  // An edit waits for the processes that say this of themselves.
  WT_LOOK: "1",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_OPTIONAL_LOCKS: "0",
  // What a partial clone lacks is fetched by `bring` (partial.ts), beside the credential and from a clean config.
  GIT_NO_LAZY_FETCH: "1",
  GIT_LITERAL_PATHSPECS: "1",
  // git ends before it would give any memory back, and threads that look at files do without an arena each. Where there is
  // no glibc, nobody reads this.
  GLIBC_TUNABLES: "glibc.malloc.trim_threshold=1000000000:glibc.malloc.arena_max=1",
};

/** Environment of a git that is started by itself. Sixty variables would take it 4% of its time. */
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
