import { joined } from "../remote/bytes.ts";
import { FLUSH, pktLine } from "../remote/pkt-line.ts";
import { REFUSED_BY_BROKER, type Verdict } from "./rules.ts";

/** Side bands (gitprotocol-common(5)): 1 holds the report, 2 holds text that git prints after `remote: `. */
const REPORT_BAND = "\x01";
const TEXT_BAND = "\x02";
/** Maximum number of bytes in one packet, without the length and the band. */
const BAND_BYTES = new Map([
  ["side-band-64k", 65_515],
  ["side-band", 995],
]);

const NOT_TRIED = "another ref of this push is refused, so nothing was sent: push this one by itself";
const encoder = new TextEncoder();
const bytesOf = (text: string) => joined([encoder.encode(text)]);

/**
 * Writes the answer to a push that the rules refuse, as the git host itself would answer it (report-status,
 * gitprotocol-pack(5)): git prints each reason, and reports the refs as rejected by the remote.
 * @returns undefined if the client takes no report
 */
export function refusalReport(
  verdicts: readonly Verdict[],
  capabilities: ReadonlySet<string>,
): Uint8Array<ArrayBuffer> | undefined {
  if (!capabilities.has("report-status") && !capabilities.has("report-status-v2")) return undefined;
  const lines = verdicts.map(({ ref, reasons }) => pktLine(`ng ${ref} ${REFUSED_BY_BROKER}${wordsOf(reasons)}\n`));
  const report = bytesOf(`${pktLine("unpack ok\n")}${lines.join("")}${FLUSH}`);
  const bandBytes = [...BAND_BYTES].find(([name]) => capabilities.has(name))?.[1];
  if (bandBytes === undefined) return report;
  const text = bytesOf(`${refusalLines(verdicts).join("\n")}\n`);
  return joined([
    ...inBand(TEXT_BAND, text, bandBytes),
    ...inBand(REPORT_BAND, report, bandBytes),
    encoder.encode(FLUSH),
  ]);
}

/** One line for each reason of each ref. */
export function refusalLines(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap(({ ref, reasons }) => reasons.map((reason) => `${REFUSED_BY_BROKER}${ref}: ${reason}`));
}

const wordsOf = (reasons: readonly string[]) => (reasons.length === 0 ? NOT_TRIED : reasons.join("; "));

function inBand(band: string, bytes: Uint8Array, most: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += most) {
    const part = bytes.subarray(at, at + most);
    const length = (part.byteLength + 5).toString(16).padStart(4, "0");
    parts.push(joined([encoder.encode(length + band), part]));
  }
  return parts;
}
