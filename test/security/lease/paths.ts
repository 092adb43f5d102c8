import { SERVICES } from "../../../src/broker/lease.ts";
import { type LeaseScene, REPOSITORIES } from "./scene.ts";

const { own, anothers } = REPOSITORIES;

/** Spellings of another tenant's repository, or of a part of a path that some readers drop. */
const SPELLINGS = [
  anothers,
  `${own}/../${anothers}`,
  `${own}.git/../${anothers}`,
  `${own}%2f..%2f${anothers}`,
  `${own}%2F%2e%2e%2F${anothers}`,
  `.%2e/${anothers}`,
  `./${anothers}`,
  `${own}%00${anothers}`,
  `${own}%0d%0aHost:%20x/${anothers}`,
  `${own}#${anothers}`,
  `${own}@${anothers}`,
  `${own}\\${anothers}`,
  `${own}%5c..%5c${anothers}`,
  own.toUpperCase(),
  `${own}.git`,
  `${own}/`,
  "*",
  "",
];

const OTHER_SERVICES = ["git-receive-pack", "git-upload-archive", "", "git-upload-pack%00"];
const OTHER_FILES = ["HEAD", "objects/info/packs", "config", "git-receive-pack", "info/lfs/objects/batch"];

interface Target {
  readonly service?: string;
  readonly host?: string;
}

/** Returns the path of git's first request to a repository. */
export function pathTo({ stack }: LeaseScene, repository: string = own, { service, host }: Target = {}): string {
  const at = host ?? new URL(stack.git.url).host;
  return `/broker/${at}/${repository}.git/info/refs?service=${service ?? SERVICES[0]}`;
}

/** Returns paths outside a lease for fetching the first tenant's repository. */
export function foreignPaths(scene: LeaseScene): string[] {
  const { host, port } = new URL(scene.stack.git.url);
  const elsewhere = new URL(scene.other.url).host;
  const hosts = [elsewhere, `localhost:${port}`, "github.com", `x@${host}`, `${host}.`, "127.1"];
  return [
    ...SPELLINGS.map((name) => pathTo(scene, name)),
    ...hosts.map((name) => pathTo(scene, own, { host: name })),
    ...OTHER_SERVICES.map((service) => pathTo(scene, own, { service })),
    ...OTHER_FILES.map((file) => pathTo(scene).replace(/info\/refs.*$/, file)),
  ];
}
