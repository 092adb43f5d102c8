import { configOf } from "../config.ts";
import { startInstance } from "../start-instance.ts";

const DAY_MS = 24 * 3_600_000;

/**
 * Handles the weekly cron: starts the build of the template. A repeated delivery starts nothing more. Does nothing if
 * the operator named a template, or builds only on request.
 * @throws Error when the build could not be started
 * @example
 * export default { fetch: app.fetch, scheduled } satisfies ExportedHandler<Env>;
 */
export async function scheduled({ scheduledTime }: ScheduledController, env: Env): Promise<void> {
  const { builds, templateBuilds } = configOf(env);
  if (builds !== undefined && templateBuilds === "weekly") {
    await startInstance(env.TEMPLATE_BUILD, { id: weekOf(scheduledTime) });
  }
}

/** Identifies the week of a time by its Monday (UTC): `week-2026-11-23`. */
export function weekOf(timeMs: number): string {
  const sinceMonday = (new Date(timeMs).getUTCDay() + 6) % 7;
  return `week-${new Date(timeMs - sinceMonday * DAY_MS).toISOString().slice(0, 10)}`;
}
