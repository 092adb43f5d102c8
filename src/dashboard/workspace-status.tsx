import { Facts } from "./facts.tsx";
import { count, NOTHING, plural } from "./format.ts";
import type { Status } from "./types.ts";

/** git's status of a workspace. */
export function WorkspaceStatus({ status }: { status: Status }) {
  const { branch, head, upstream, ahead = 0, behind = 0, unfinished, conflicts, staged, modified, untracked } = status;
  const files = [
    ...conflicts.map(({ path }) => [path, "in conflict"] as const),
    ...staged.map(({ path, change }) => [path, `${change}, staged`] as const),
    ...modified.map(({ path, change }) => [path, change] as const),
    ...untracked.map((path) => [path, "new"] as const),
  ];
  return (
    <section aria-label="Status">
      <Facts
        facts={[
          ["Branch", <code>{branch ?? "none, HEAD is detached"}</code>],
          ["Head", <code>{head?.slice(0, 12) ?? NOTHING}</code>],
          ["Upstream", upstream === undefined ? "none" : `${upstream}: ${count(ahead)} ahead, ${count(behind)} behind`],
          ["Unpushed", status.unpushed_commits === 0 ? "no commits" : plural(status.unpushed_commits, "commit")],
          ...(unfinished === undefined ? [] : [["Unfinished", unfinished] as const]),
          [
            "Changes",
            files.length === 0 ? "none" : plural(files.length, "file") + (status.truncated ? " and more" : ""),
          ],
        ]}
      />
      {files.length > 0 && (
        <ul class="files" tabIndex={0} aria-label="Changed files">
          {files.map(([path, change], index) => (
            <li key={index}>
              {path} <span class="muted">{change}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
