import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/v4";
import { ROOT } from "./tools.ts";

/**
 * The rooms of src, from the entrance down: folders, and files that are a room by themselves. A file imports only from
 * its own room and from rooms below it, types included. A part of a folder with its own entry here is not in the
 * folder's room.
 */
const ROOMS = [
  "index.ts",
  "workflows",
  "http/routes",
  "http",
  "mcp",
  "runs",
  "steps",
  "facade.ts",
  "dashboard",
  "clone",
  "execution",
  "api",
  "workspace",
  "durable",
  "durable/runs",
  "durable/snapshots",
  "durable/pushes",
  "durable/sandboxes",
  "durable/reporting",
  "durable/storage",
  "durable/webhooks",
  "template",
  "start-instance.ts",
  "metrics",
  "archive",
  "ops",
  "ops/probes",
  "ops/operation.ts",
  "ops/output",
  "ops/scripts",
  "broker",
  "webhooks",
  "config.ts",
  "settings",
  "policy",
  "signing",
  "remote",
  "pool",
  "e2b",
  "issue-words.ts",
  "errors.ts",
  "redaction",
] as const;

const IMPORT = /(?:\bfrom|\bimport\(|^import|\bnew URL\()\s*"([^"]+)"/gm;

/** The imports of each file in a folder: files as paths relative to the folder, packages as `npm:name`. */
type Imports = ReadonlyMap<string, readonly string[]>;

async function importsOf(folder: string): Promise<Imports> {
  const names = (await readdir(folder, { recursive: true }))
    .filter((name) => /\.(?:tsx?|mjs)$/.test(name) && !name.endsWith(".d.ts") && !name.startsWith("dist/"))
    .sort();
  const entries = names.map(async (name): Promise<[string, string[]]> => {
    const text = await readFile(join(folder, name), "utf8");
    return [name, [...text.matchAll(IMPORT)].map(([, imported = ""]) => targetOf(imported, name))];
  });
  return new Map(await Promise.all(entries));
}

function targetOf(imported: string, importer: string): string {
  if (imported.startsWith(".")) return join(dirname(importer), imported);
  return imported.includes(":") ? imported : `npm:${imported}`;
}

/** Returns the index of a file's room in ROOMS; undefined: it is in no room. */
function roomOf(file: string, rooms: readonly string[]): number | undefined {
  const fits = rooms.filter((room) => file === room || file.startsWith(`${room}/`));
  const nearest = fits.toSorted((a, b) => b.length - a.length)[0];
  return nearest === undefined ? undefined : rooms.indexOf(nearest);
}

/** Returns sentences about files in no room, imports from a room above, and circular imports. */
export function wrongImports(imports: Imports, rooms: readonly string[]): string[] {
  const wrong: string[] = [];
  for (const [file, targets] of imports) {
    const room = roomOf(file, rooms);
    if (room === undefined) wrong.push(`${file} is in no room`);
    for (const target of targets) {
      const below = roomOf(target, rooms);
      if (room !== undefined && below !== undefined && below < room) {
        wrong.push(`${file} (${rooms[room]}) imports ${target} from a room above (${rooms[below]})`);
      }
    }
  }
  return [...wrong, ...circles(imports).map(drawn)];
}

const drawn = (circle: readonly string[]) => `circle: ${circle.join(" -> ")}`;

/** Returns each circle once, from the file where it was entered. */
function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file]);
    if (path.includes(file) || done.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}

/** Returns sentences about imports that leave a package's folder, or use packages missing from `packages`. */
export function leavingImports(imports: Imports, packages: readonly string[]): string[] {
  const isNamed = (name: string) => packages.some((known) => name === known || name.startsWith(`${known}/`));
  const leaves = (target: string) =>
    target.startsWith("npm:") ? !isNamed(target.slice("npm:".length)) : target.startsWith("../");
  return [...imports].flatMap(([file, targets]) =>
    targets.filter(leaves).map((target) => `${file} imports ${target}: the package ends there`),
  );
}

const versions = z.record(z.string(), z.string()).default({});
const manifestSchema = z.object({ dependencies: versions, devDependencies: versions });
/** Packages that are used without the rest of the checkout, and the folders of their sources. */
const PACKAGES = [
  { folder: ["scripts", "local-e2b"], sources: [] },
  { folder: ["client"], sources: ["src"] },
] as const;

/** Returns sentences about wrong imports of the packages, and about circles in them. */
async function wrongInPackages(): Promise<string[]> {
  const wrong = PACKAGES.map(async ({ folder, sources }) => {
    const manifest = await readFile(join(ROOT, ...folder, "package.json"), "utf8");
    const { dependencies, devDependencies } = manifestSchema.parse(JSON.parse(manifest));
    const imports = await importsOf(join(ROOT, ...folder, ...sources));
    const leaving = leavingImports(imports, Object.keys({ ...dependencies, ...devDependencies }));
    return [...leaving, ...circles(imports).map(drawn)].map((sentence) => `${folder.join("/")}: ${sentence}`);
  });
  return (await Promise.all(wrong)).flat();
}

/** Returns sentences about files of support, which every command needs, that import the test and benchmark harness. */
export function harnessImports(scripts: Imports): string[] {
  return [...scripts].flatMap(([file, targets]) =>
    targets
      .filter((target) => file.startsWith("support/") && target.startsWith("harness/"))
      .map((target) => `scripts: ${file} imports ${target}: support does without the harness`),
  );
}

/** Prints the rooms of src in their order. Returns the problems of imports there and in scripts: "" for none. */
export async function wrongRooms(): Promise<string> {
  const [src, scripts] = await Promise.all([importsOf(join(ROOT, "src")), importsOf(join(ROOT, "scripts"))]);
  console.log(`rooms: ${ROOMS.join(" > ")}`);
  const inScripts = [...circles(scripts).map(drawn), ...harnessImports(scripts), ...(await wrongInPackages())];
  return [...wrongImports(src, ROOMS), ...inScripts].join("\n");
}
