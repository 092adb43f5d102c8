import * as z from "zod/v4";
import { runProgram } from "./tools.ts";

/** Timeout: a slow registry counts as unreachable, so that this check does not delay the others. */
const WITHIN_MS = 10_000;
const GRAVE: ReadonlySet<string> = new Set(["high", "critical"]);

const foundSchema = z.looseObject({ severity: z.string(), via: z.array(z.unknown()) });
const reportSchema = z.object({
  vulnerabilities: z.record(z.string(), foundSchema),
  metadata: z.object({ vulnerabilities: z.object({ high: z.number(), critical: z.number() }) }),
});
const adviceSchema = z.looseObject({ title: z.string(), url: z.string() });

/** Result of an audit: `wrong` is "" if it found nothing; `skipped` is the reason why there was no audit. */
export type AuditOutcome = { readonly wrong: string } | { readonly skipped: string };

/** Asks npm for known vulnerabilities of the locked packages, from severity `high` on. */
export async function npmAudit(): Promise<AuditOutcome> {
  const args = ["audit", "--audit-level=high", "--json", "--fetch-retries=0", `--fetch-timeout=${WITHIN_MS}`];
  try {
    const { stdout } = await runProgram("npm", args, AbortSignal.timeout(WITHIN_MS));
    return auditOutcome(stdout);
  } catch {
    return { skipped: `npm did not answer within ${WITHIN_MS / 1000} s` };
  }
}

/** Reads the report of `npm audit --json`. Other output: the registry was not reached, or serves no audits. */
export function auditOutcome(json: string): AuditOutcome {
  const report = reportSchema.safeParse(parsed(json));
  if (!report.success) return { skipped: "the registry was not reached, or serves no audits" };
  const lines = Object.entries(report.data.vulnerabilities)
    .filter(([, { severity }]) => GRAVE.has(severity))
    .map(([name, found]) => lineOf(name, found));
  const { high, critical } = report.data.metadata.vulnerabilities;
  if (lines.length === 0 && high + critical > 0) lines.push(`${high} high and ${critical} critical, without names`);
  return { wrong: lines.join("\n") };
}

function lineOf(name: string, { severity, via }: z.output<typeof foundSchema>): string {
  const advice = via.flatMap((each) => {
    const { success, data } = adviceSchema.safeParse(each);
    return success ? [`${data.title} (${data.url})`] : typeof each === "string" ? [`through ${each}`] : [];
  });
  return `${name}: ${severity}: ${advice.join("; ")}`;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
