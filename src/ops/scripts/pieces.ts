import attributeLinesPerl from "./lib/attribute-lines.pl" with { type: "text" };
import awaitEditPerl from "./lib/await-edit.pl" with { type: "text" };
import baseCloneFacts from "./lib/base-clone-facts.sh" with { type: "text" };
import bring from "./lib/bring.sh" with { type: "text" };
import busy from "./lib/busy.sh" with { type: "text" };
import clearAway from "./lib/clear-away.sh" with { type: "text" };
import commitChanges from "./lib/commit-changes.sh" with { type: "text" };
import commitOf from "./lib/commit-of.sh" with { type: "text" };
import conflicts from "./lib/conflicts.sh" with { type: "text" };
import deleteBranch from "./lib/delete-branch.sh" with { type: "text" };
import editActionsPerl from "./lib/edit-actions.pl" with { type: "text" };
import editArrivalPerl from "./lib/edit-arrival.pl" with { type: "text" };
import editChangePerl from "./lib/edit-change.pl" with { type: "text" };
import editEncodingPerl from "./lib/edit-encoding.pl" with { type: "text" };
import editGitPerl from "./lib/edit-git.pl" with { type: "text" };
import editHunksPerl from "./lib/edit-hunks.pl" with { type: "text" };
import editRulesPerl from "./lib/edit-rules.pl" with { type: "text" };
import editStatesPerl from "./lib/edit-states.pl" with { type: "text" };
import editStylePerl from "./lib/edit-style.pl" with { type: "text" };
import editTextPerl from "./lib/edit-text.pl" with { type: "text" };
import endLeftNowPerl from "./lib/end-left-now.pl" with { type: "text" };
import endLeftPerl from "./lib/end-left.pl" with { type: "text" };
import enter from "./lib/enter.sh" with { type: "text" };
import fail from "./lib/fail.sh" with { type: "text" };
import fetching from "./lib/fetching.sh" with { type: "text" };
import followPerl from "./lib/follow.pl" with { type: "text" };
import freePause from "./lib/free-pause.sh" with { type: "text" };
import fromSeed from "./lib/from-seed.sh" with { type: "text" };
import gitWithoutLock from "./lib/git-without-lock.sh" with { type: "text" };
import handOver from "./lib/hand-over.sh" with { type: "text" };
import history from "./lib/history.sh" with { type: "text" };
import hold from "./lib/hold.sh" with { type: "text" };
import inCommit from "./lib/in-commit.sh" with { type: "text" };
import inTheWay from "./lib/in-the-way.sh" with { type: "text" };
import large from "./lib/large.sh" with { type: "text" };
import limitedGit from "./lib/limited-git.sh" with { type: "text" };
import limited from "./lib/limited.sh" with { type: "text" };
import limits from "./lib/limits.sh" with { type: "text" };
import lineEnds from "./lib/line-ends.sh" with { type: "text" };
import lock from "./lib/lock.sh" with { type: "text" };
import merging from "./lib/merging.sh" with { type: "text" };
import net from "./lib/net.sh" with { type: "text" };
import once from "./lib/once.sh" with { type: "text" };
import overwritten from "./lib/overwritten.sh" with { type: "text" };
import piped from "./lib/piped.sh" with { type: "text" };
import reached from "./lib/reached.sh" with { type: "text" };
import refreshIndex from "./lib/refresh-index.sh" with { type: "text" };
import refs from "./lib/refs.sh" with { type: "text" };
import refuseUnfinished from "./lib/refuse-unfinished.sh" with { type: "text" };
import replay from "./lib/replay.sh" with { type: "text" };
import resumePush from "./lib/resume-push.sh" with { type: "text" };
import rulesChangesPerl from "./lib/rules-changes.pl" with { type: "text" };
import rulesContentsPerl from "./lib/rules-contents.pl" with { type: "text" };
import rulesPerl from "./lib/rules.pl" with { type: "text" };
import rulesSecretsPerl from "./lib/rules-secrets.pl" with { type: "text" };
import rules from "./lib/rules.sh" with { type: "text" };
import section from "./lib/section.sh" with { type: "text" };
import sendCommits from "./lib/send-commits.sh" with { type: "text" };
import sign from "./lib/sign.sh" with { type: "text" };
import signing from "./lib/signing.sh" with { type: "text" };
import takeCredential from "./lib/take-credential.sh" with { type: "text" };
import treeState from "./lib/tree-state.sh" with { type: "text" };
import uncommit from "./lib/uncommit.sh" with { type: "text" };
import undoNowPerl from "./lib/undo-now.pl" with { type: "text" };
import undoPerl from "./lib/undo.pl" with { type: "text" };
import unsignedPerl from "./lib/unsigned.pl" with { type: "text" };
import unwatch from "./lib/unwatch.sh" with { type: "text" };
import watchPerl from "./lib/watch.pl" with { type: "text" };
import watch from "./lib/watch.sh" with { type: "text" };

/** Pieces that scripts include, by file name. */
export const PIECES: Readonly<Record<string, string>> = {
  "attribute-lines.pl": attributeLinesPerl,
  "await-edit.pl": awaitEditPerl,
  "base-clone-facts.sh": baseCloneFacts,
  "bring.sh": bring,
  "busy.sh": busy,
  "clear-away.sh": clearAway,
  "commit-changes.sh": commitChanges,
  "commit-of.sh": commitOf,
  "conflicts.sh": conflicts,
  "delete-branch.sh": deleteBranch,
  "edit-actions.pl": editActionsPerl,
  "edit-arrival.pl": editArrivalPerl,
  "edit-change.pl": editChangePerl,
  "edit-encoding.pl": editEncodingPerl,
  "edit-git.pl": editGitPerl,
  "edit-hunks.pl": editHunksPerl,
  "edit-rules.pl": editRulesPerl,
  "edit-states.pl": editStatesPerl,
  "edit-style.pl": editStylePerl,
  "edit-text.pl": editTextPerl,
  "end-left-now.pl": endLeftNowPerl,
  "end-left.pl": endLeftPerl,
  "enter.sh": enter,
  "fail.sh": fail,
  "fetching.sh": fetching,
  "follow.pl": followPerl,
  "free-pause.sh": freePause,
  "from-seed.sh": fromSeed,
  "git-without-lock.sh": gitWithoutLock,
  "hand-over.sh": handOver,
  "history.sh": history,
  "hold.sh": hold,
  "in-commit.sh": inCommit,
  "in-the-way.sh": inTheWay,
  "large.sh": large,
  "limited-git.sh": limitedGit,
  "limited.sh": limited,
  "limits.sh": limits,
  "line-ends.sh": lineEnds,
  "lock.sh": lock,
  "merging.sh": merging,
  "net.sh": net,
  "once.sh": once,
  "overwritten.sh": overwritten,
  "piped.sh": piped,
  "reached.sh": reached,
  "refresh-index.sh": refreshIndex,
  "refs.sh": refs,
  "refuse-unfinished.sh": refuseUnfinished,
  "replay.sh": replay,
  "resume-push.sh": resumePush,
  "rules-changes.pl": rulesChangesPerl,
  "rules-contents.pl": rulesContentsPerl,
  "rules.pl": rulesPerl,
  "rules-secrets.pl": rulesSecretsPerl,
  "rules.sh": rules,
  "section.sh": section,
  "send-commits.sh": sendCommits,
  "sign.sh": sign,
  "signing.sh": signing,
  "take-credential.sh": takeCredential,
  "tree-state.sh": treeState,
  "uncommit.sh": uncommit,
  "undo-now.pl": undoNowPerl,
  "undo.pl": undoPerl,
  "unsigned.pl": unsignedPerl,
  "unwatch.sh": unwatch,
  "watch.pl": watchPerl,
  "watch.sh": watch,
};
