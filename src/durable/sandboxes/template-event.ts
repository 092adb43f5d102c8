import { type BuildRecord, templateName } from "../../pool/template.ts";
import { OPERATOR, type WebhookEvent } from "../../webhooks/events.ts";

/** Limit of a reason in characters: it may quote the output of a build. */
const MAX_REASON_LENGTH = 2000;

/** Returns the event of a build's end; undefined: the build has not ended. */
export function templateEvent({ version, state, reason = "", git }: BuildRecord, at: number): WebhookEvent | undefined {
  if (state === "building") return undefined;
  const head = { tenant: OPERATOR, id: `template ${version} ${state}`, at };
  if (state === "failed") {
    return { ...head, type: "template.failed", data: { version, reason: reason.slice(0, MAX_REASON_LENGTH) } };
  }
  const data = { version, name: templateName(version), ...(git !== undefined && { git }) };
  return { ...head, type: "template.promoted", data };
}
