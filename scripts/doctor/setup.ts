import type { Checks } from "../../src/api/checks-schema.ts";
import { advised, fine, missing, type Finding, unknown } from "./finding.ts";

const DAY_MS = 24 * 3_600_000;
/** A week, plus a day for the build. */
const WEEKLY_MS = 8 * DAY_MS;
const BUILD_NOW = "npx wrangler workflows trigger warmtree-template-build";

/** Returns the findings about a service's own report of its set-up. */
export function setupFindings(checks: Checks, now: number): Finding[] {
  return [
    e2bKey(checks),
    room(checks),
    pool(checks),
    fine("git hosts", hostsOf(checks)),
    serviceKey("operator key", "OPERATOR_KEY", checks.has_operator_key, "nobody opens the dashboard from elsewhere"),
    serviceKey("metrics key", "METRICS_KEY", checks.has_metrics_key, "no scraper reads /metrics from elsewhere"),
    budget(checks),
    template(checks, now),
    weeklyBuild(checks, now),
  ];
}

function e2bKey({ e2b }: Checks): Finding {
  switch (e2b.state) {
    case "ok":
      return fine("E2B key", "E2B accepts it");
    case "refused":
      return missing("E2B key", "E2B refuses it", "npx wrangler secret put E2B_API_KEY");
    case "unreachable":
      return missing(
        "E2B key",
        "E2B did not answer",
        "see https://status.e2b.dev, and E2B_DOMAIN or E2B_API_URL if set",
      );
  }
}

function room({ e2b: { running, most } }: Checks): Finding {
  if (running === null) return unknown("room", `at most ${most} sandboxes`);
  const found = `${running} of ${most} sandboxes run`;
  const mend = "pause or end workspaces at /, or set E2B_MAX_SANDBOXES to what your plan of E2B allows";
  return running < most ? fine("room", found) : missing("room", found, mend);
}

function pool({ pool: { least, size, target }, budget: state }: Checks): Finding {
  if (least === 0 && target === 0) return fine("warm pool", "turned off, or none is needed (POOL_MIN is 0)");
  if (state === "spent") return unknown("warm pool", "none while the budget is spent");
  if (target === 0) return fine("warm pool", "begins with the first call");
  const found = `${size} of ${target} sandboxes are warm`;
  if (size > 0) return fine("warm pool", found);
  return advised(
    "warm pool",
    found,
    "look again in a minute; if it stays empty: npx wrangler tail (sandbox_move_failed)",
  );
}

function hostsOf({ allowed_git_hosts: hosts, has_github_token: has }: Checks): string {
  return `${hosts.join(", ")}; ${has ? "GITHUB_TOKEN serves callers without a token" : "callers send their own tokens"}`;
}

function serviceKey(name: string, setting: string, isSet: boolean, without: string): Finding {
  return isSet ? fine(name, "set") : advised(name, `not set: ${without}`, `npx wrangler secret put ${setting}`);
}

function budget({ budget: state }: Checks): Finding {
  const vars = "E2B_MONTHLY_BUDGET_USD under [vars] of wrangler.toml, then npx wrangler deploy";
  switch (state) {
    case "none":
      return advised("budget", "none: nothing bounds the bill", `set ${vars}`);
    case "ample":
      return fine("budget", "set, and not spent");
    case "spent":
      return missing("budget", "spent: new workspaces are refused until the month ends", `raise ${vars}`);
  }
}

function template({ template: { name, version, built_at, newest_build: newest } }: Checks, now: number): Finding {
  if (version !== undefined) {
    const age = built_at === undefined ? "" : `, built ${days(now - Date.parse(built_at))} ago`;
    return fine("template", `${name}${age}`);
  }
  if (name !== "base") return fine("template", `${name}, of your own`);
  if (newest?.state === "building") return fine("template", "base, while the first version is built");
  return advised("template", "base: larger and dearer than Warmtree's own, which is not built", BUILD_NOW);
}

function weeklyBuild({ template: { builds_weekly: isWeekly, newest_build: newest } }: Checks, now: number): Finding {
  const name = "weekly build";
  if (!isWeekly) return fine(name, "none: a template is built on request, or is your own");
  if (newest === undefined) return advised(name, "none yet: the cron starts it on Mondays", BUILD_NOW);
  const age = now - Date.parse(newest.started_at);
  if (newest.state === "failed") {
    return missing(name, `version ${newest.version} failed: ${newest.reason ?? "no reason is known"}`, BUILD_NOW);
  }
  const found = `version ${newest.version} began ${days(age)} ago`;
  if (age <= WEEKLY_MS) return fine(name, found);
  return missing(name, `${found}: the cron does not run`, "npx wrangler deploy ([triggers] of wrangler.toml)");
}

function days(ms: number): string {
  const whole = Math.floor(ms / DAY_MS);
  return whole === 1 ? "1 day" : `${whole} days`;
}
