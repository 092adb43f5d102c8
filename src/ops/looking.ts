import { LIMITED } from "./limits.ts";

/** Pieces of shell for scripts that only look. Constants, like those of shell.ts. */

/**
 * `commit_of NAME` prints the commit of a revision; a branch that only the remote has is found by its short name. Where git
 * would choose between a branch and a tag of one name, it returns 2, unless both are the same commit. After it,
 * `unknown_ref NAME` ends the script.
 */
export const COMMIT_OF = `
commit_of() {
  if ! found=$(git rev-parse --verify --end-of-options "$1^{commit}" 2>&1); then
    git rev-parse -q --verify "refs/remotes/origin/$1^{commit}" 2>/dev/null
    return
  fi
  # git says so before it prints its choice.
  chosen=\${found##*'
'} plain=\${1%%[~^@]*}
  case $found in *" is ambiguous"*) ;; *) printf '%s' "$chosen"; return;; esac
  for named in "refs/heads/$plain" "refs/tags/$plain" "refs/remotes/$plain"; do
    other=$(git rev-parse -q --verify "$named\${1#"$plain"}^{commit}" 2>/dev/null) || continue
    if [ "$other" != "$chosen" ]; then return 2; fi
  done
  printf '%s' "$chosen"
}
unknown_ref() { if [ $? = 2 ]; then fail ref_ambiguous "$1"; else fail ref_not_found "$1"; fi; }
`;

/**
 * `in_commit COMMIT PATH`: whether it holds that file or folder. As COMMIT:PATH, one that ends like `-g1a2b3c4` would be read as
 * what git describe says of another commit. `--end-of-options` keeps a file called `--`, which `--` itself would be dropped for.
 */
export const IN_COMMIT = `
in_commit() { [ -n "$(git ls-tree --name-only --end-of-options "$1" "$2" 2>/dev/null)" ]; }
`;

/**
 * `piped git-arguments…` is the left side of a pipe whose reader may stop early (git then dies of SIGPIPE, 141). The
 * shell does not see how a left side ends, so a failure is told past the pipe, on the script's own stdout. A command
 * that ends with 1 when there is nothing to print sets `nothing=1` before.
 */
export const PIPED = `${LIMITED}
nothing=0
exec 4>&1
piped() { limited "$@" || case $? in "$nothing"|141) ;; 137|152) fail too_expensive >&4;; *) fail git >&4;; esac; }
`;
