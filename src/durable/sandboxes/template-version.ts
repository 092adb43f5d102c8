import type { Config } from "../../config.ts";
import {
  type BuildRecord,
  type Promoted,
  restoreBuildRecord,
  restorePromoted,
  templateName,
} from "../../pool/template.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** Template state of a shard. */
export interface TemplateStanding {
  /** Template of new sandboxes. */
  readonly name: string;
  readonly promoted?: Promoted;
  readonly newestBuild?: BuildRecord;
}

/** Holds the template of new sandboxes, and the record of its newest build. */
export class TemplateVersion {
  readonly #settings: KeyValues;
  readonly #config: Pick<Config, "template" | "builds">;
  /** In memory, because every claim reads it. */
  #promoted: Promoted | undefined;

  constructor(settings: KeyValues, config: Pick<Config, "template" | "builds">) {
    this.#settings = settings;
    this.#config = config;
    // If the operator configured a template, ignore earlier promotions.
    this.#promoted = config.builds === undefined ? undefined : restorePromoted(settings.json("promoted"));
  }

  /** Returns the name of the template that new sandboxes start from. */
  name(): string {
    return this.#promoted === undefined ? this.#config.template : templateName(this.#promoted.version);
  }

  promoted(): Promoted | undefined {
    return this.#promoted;
  }

  standing(): TemplateStanding {
    const promoted = this.#promoted;
    const newestBuild = this.#newestBuild();
    return { name: this.name(), ...(promoted && { promoted }), ...(newestBuild && { newestBuild }) };
  }

  /** Promotes a version. Returns false if this version or a later one is promoted already. */
  promote(promoted: Promoted): boolean {
    if (this.#config.builds === undefined || promoted.version <= (this.#promoted?.version ?? 0)) return false;
    this.#settings.setJson("promoted", promoted);
    this.#promoted = promoted;
    return true;
  }

  /** Stores the newest build's record. @returns true on the first report of this build's end */
  note(build: BuildRecord): boolean {
    const known = this.#newestBuild();
    const isNews = known === undefined || known.version < build.version;
    const isItsEnd = known?.version === build.version && known.state === "building";
    if (!isNews && !isItsEnd) return false;
    this.#settings.setJson("newest_build", build);
    return build.state !== "building";
  }

  #newestBuild(): BuildRecord | undefined {
    return restoreBuildRecord(this.#settings.json("newest_build"));
  }
}
