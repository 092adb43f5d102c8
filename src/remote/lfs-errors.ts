import { WarmtreeError, type Work } from "../errors.ts";
import { messageIn } from "./lfs-batch.ts";

const NOTHING = "Nothing was changed.";
/** Objects are stored before the tree changes. */
const work: Work = { pushed: false, tree: "unchanged" };

const TOO_MANY = 429;

const isRedirect = (status: number) => status >= 300 && status < 400;
/** Whether a status means overload. A host without this API answers 501 and the like. */
const isOverloaded = (status: number) => status === TOO_MANY || status === 500 || (status > 501 && status < 505);

export const refused = (what: string, said: string): WarmtreeError =>
  new WarmtreeError("push_rejected", `The git host's Git LFS refused ${what}${said && ` (${said})`}. ${NOTHING}`, {
    work,
  });

export const unreachable = (cause: unknown, retryAfterS?: number): WarmtreeError =>
  new WarmtreeError(
    "git_unreachable",
    `The git host's Git LFS could not be reached, closed the connection or was overloaded. ${NOTHING} Call again later.`,
    { work, ...(retryAfterS === undefined ? {} : { retryAfterS }) },
    cause,
  );

export const tooSlow = (limitS: number): WarmtreeError =>
  new WarmtreeError("timeout", `The upload to Git LFS took longer than ${limitS} s and was stopped. ${NOTHING}`, {
    work,
  });

export const tooMany = (max: number): WarmtreeError =>
  new WarmtreeError(
    "invalid_input",
    `One edit stores at most ${max} files in Git LFS. ${NOTHING} Send several edits.`,
    {
      work,
      field: "files",
    },
  );

export const elsewhere = (href: string): WarmtreeError =>
  new WarmtreeError(
    "host_not_allowed",
    `The git host sends Git LFS objects to ${URL.parse(href)?.origin ?? "an address that is none"}, which this service does not contact: it is neither an allowed host nor a public one with https. ${NOTHING}`,
    { work },
  );

/** Returns the error for a failed response. `isOwn`: from the git host itself, which got the credential. */
export function answered(response: Response, text: string, what: string, isOwn: boolean): WarmtreeError {
  const { status, headers } = response;
  const said = messageIn(text);
  if (isOwn && (status === 401 || status === 403)) {
    const detail = `The git host refused the credential for Git LFS${said && ` (${said})`}. ${NOTHING} Send a token with write permission in X-Git-Token, or ask the operator.`;
    return new WarmtreeError("git_auth_failed", detail, { work });
  }
  if (isRedirect(status)) {
    const detail = `The git host's Git LFS redirects to another address, and redirects are not followed. ${NOTHING}`;
    return new WarmtreeError("host_not_allowed", detail, { work });
  }
  const retryAfter = Number(headers.get("Retry-After") ?? "");
  if (isOverloaded(status)) return unreachable(undefined, retryAfter > 0 ? Math.ceil(retryAfter) : undefined);
  return refused(what, said || `it answered ${status}`);
}
