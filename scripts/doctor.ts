import { examine } from "./doctor/examine.ts";
import { linesOf } from "./doctor/finding.ts";
import { DOCTOR_USAGE, readDoctorOptions } from "./doctor/options.ts";

process.exitCode = await doctor();

async function doctor(): Promise<number> {
  try {
    const options = readDoctorOptions(process.argv.slice(2), process.env);
    if (options.help) {
      console.log(DOCTOR_USAGE);
      return 0;
    }
    const checks = await examine(options);
    const ok = checks.every(({ verdict }) => verdict !== "missing");
    console.log(options.json ? JSON.stringify({ ok, url: options.url, checks }) : checks.map(linesOf).join("\n"));
    return ok ? 0 : 1;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}
