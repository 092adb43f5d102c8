import type { Config } from "../../config.ts";
import {
  type BuildRecord,
  type Promoted,
  restoreBuildRecord,
  restorePromoted,
  templateName,
} from "../../pool/template.ts";
import type { KeyValues } from "../storage/key-values.ts";

/** How a shard stands with templates. */
export interface TemplateStanding {
  /** What new sandboxes start from. */
  readonly name: string;
  readonly promoted?: Promoted;
  readonly newestBuild?: BuildRecord;
}

/** What new sandboxes start from, and how the newest build of that went. */
export class TemplateVersion {
  readonly #settings: KeyValues;
  readonly #config: Pick<Config, "template" | "builds">;
  /** Asked for with each claim. */
  #promoted: Promoted | undefined;

  constructor(settings: KeyValues, config: Pick<Config, "template" | "builds">) {
    this.#settings = settings;
    this.#config = config;
    // Where the operator named a template, what was promoted before is of no interest.
    this.#promoted = config.builds === undefined ? undefined : restorePromoted(settings.json("promoted"));
  }

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

  /** False: this version or a later one is there already. */
  promote(promoted: Promoted): boolean {
    if (this.#config.builds === undefined || promoted.version <= (this.#promoted?.version ?? 0)) return false;
    this.#settings.setJson("promoted", promoted);
    this.#promoted = promoted;
    return true;
  }

  /** Keeps the newest build's record. True when it is new that this build ended. */
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
