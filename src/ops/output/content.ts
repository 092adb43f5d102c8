import type { ScriptOutput } from "./script-output.ts";
import { pageEnd, sectionRecords, sectionText } from "./sections.ts";

export const ENTRY_KINDS = ["file", "folder", "symlink", "submodule"] as const;
type EntryKind = (typeof ENTRY_KINDS)[number];

interface Entry {
  name: string;
  kind: EntryKind;
  size?: number;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Returns UTF-8 without NUL unchanged, other bytes as base64; each page decides separately. */
export function readContent(
  bytes: Uint8Array,
  maxBytes: number,
): { encoding: "utf-8" | "base64"; content: string; end: number } {
  const end = pageEnd(bytes, maxBytes);
  const page = bytes.subarray(0, end);
  if (!page.includes(0)) {
    try {
      return { encoding: "utf-8", content: strictUtf8.decode(page), end };
    } catch {
      // Not UTF-8: the page becomes base64.
    }
  }
  const whole = bytes.subarray(0, maxBytes);
  return { encoding: "base64", content: encodeBase64(whole), end: whole.length };
}

/** Number of arguments that every JavaScript engine accepts in one call. */
const CHUNK_BYTES = 8192;

export function encodeBase64(bytes: Uint8Array): string {
  let characters = "";
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    characters += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(characters);
}

const KIND_OF_MODE: Readonly<Record<string, EntryKind>> = {
  "040000": "folder",
  "100644": "file",
  "100755": "file",
  "120000": "symlink",
  "160000": "submodule",
};

export interface FolderPage {
  entries: Entry[];
  more: boolean;
}

/** Parses one page of `git ls-tree -z -l` in section 2: `mode type object size TAB name`. */
export function readTree(result: ScriptOutput, from: number, limit: number): FolderPage {
  const records = sectionRecords(result.sections, 2).slice(from);
  const entries = records.slice(0, limit).flatMap((record) => {
    const [, mode = "", size, name = ""] = /^(\d+) \S+ \S+ +(\S+)\t(.*)$/s.exec(record) ?? [];
    const kind = KIND_OF_MODE[mode];
    return kind ? [entry(name, kind, Number(size))] : [];
  });
  return { entries, more: records.length > limit };
}

/**
 * Parses one page of a folder of the working tree: section 2 holds `kind name`, section 3 a size for each, section 4
 * the paths of submodules (`git config -z --get-regexp`: key, newline, value).
 */
export function readFolder(result: ScriptOutput, folder: string, limit: number): FolderPage {
  const records = sectionRecords(result.sections, 2);
  const sizes = sectionText(result.sections, 3).split("\n").filter(Boolean).map(Number);
  const submodules = new Set(
    sectionRecords(result.sections, 4).map((record) => record.slice(record.indexOf("\n") + 1)),
  );
  const entries = records.slice(0, limit).flatMap((record, at) => {
    const space = record.indexOf(" ");
    const name = record.slice(space + 1);
    const found = ENTRY_KINDS.find((kind) => kind === record.slice(0, space));
    if (found === undefined || name === ".git") return [];
    const isSubmodule = found === "folder" && submodules.has(folder === "" ? name : `${folder}/${name}`);
    // If a file vanished meanwhile, a size is missing, and the others cannot be assigned.
    return [entry(name, isSubmodule ? "submodule" : found, sizes.length === records.length ? sizes[at] : undefined)];
  });
  return { entries, more: records.length > limit };
}

function entry(name: string, kind: EntryKind, size: number | undefined): Entry {
  return kind === "file" && size !== undefined && Number.isInteger(size) ? { name, kind, size } : { name, kind };
}
