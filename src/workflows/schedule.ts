import { configOf } from "../config.ts";

const DAY_MS = 24 * 3_600_000;
/** Cloudflare's error code for an existing instance id. */
const ALREADY_EXISTS = 10_405;

/**
 * Handles the weekly cron: starts the build of the template. A repeated delivery starts nothing more. Does nothing if
 * the operator named a template.
 * @throws Error when the build could not be started
 * @example
 * export default { fetch: app.fetch, scheduled } satisfies ExportedHandler<Env>;
 */
export async function scheduled({ scheduledTime }: ScheduledController, env: Env): Promise<void> {
  if (configOf(env).builds === undefined) return;
  const { errors } = await env.TEMPLATE_BUILD.createBatch({ instances: [{ id: weekOf(scheduledTime) }] });
  const [error] = errors.filter(({ code }) => code !== ALREADY_EXISTS);
  if (error) throw new Error(`the template's build could not be started: ${error.message}`);
}

/** Identifies the week of a time by its Monday (UTC): `week-2026-11-23`. */
export function weekOf(timeMs: number): string {
  const sinceMonday = (new Date(timeMs).getUTCDay() + 6) % 7;
  return `week-${new Date(timeMs - sinceMonday * DAY_MS).toISOString().slice(0, 10)}`;
}
