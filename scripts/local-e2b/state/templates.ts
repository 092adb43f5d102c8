import { ApiError } from "../http/reply.ts";
import type { Disks } from "../machine/disks.ts";
import { BASE_IMAGE, type Image } from "./image.ts";
import { DEFAULT_TAG, parseTemplateName, randomId } from "./names.ts";
import type { Build, Tag, Template } from "./template.ts";

/** All templates and snapshots of the host. */
export class TemplateStore {
  readonly #disks: Disks;
  readonly #templates = new Map<string, Template>();

  constructor(disks: Disks) {
    this.#disks = disks;
  }

  list(team: string): readonly Template[] {
    return [...this.#templates.values()].filter((template) => template.team === team);
  }

  /**
   * Finds a template by id, or by name in the team; ignores a tag. @throws ApiError 403 for another team's private one
   */
  find(team: string, given: string): Template | undefined {
    const { name } = parseTemplateName(given);
    const byId = this.#templates.get(name);
    if (byId !== undefined) {
      if (byId.team !== team && !byId.public) {
        throw new ApiError(403, `You don't have access to sandbox template '${name}'`);
      }
      return byId;
    }
    return this.list(team).find((template) => template.name === name);
  }

  /** @throws ApiError 404 or 403 */
  require(team: string, given: string): Template {
    const template = this.find(team, given);
    if (template === undefined) throw new ApiError(404, `template '${given}' not found`);
    return template;
  }

  /**
   * Returns the team's template of a name, made if there is none; without a name, always a new one.
   * @throws ApiError 403 for another team's template
   */
  open(team: string, name: string | undefined, sourceSandboxId?: string): Template {
    if (name === BASE_IMAGE.templateId) throw new ApiError(403, `You don't have access to sandbox template '${name}'`);
    const existing = name === undefined ? undefined : this.find(team, name);
    if (existing !== undefined && existing.team !== team) {
      throw new ApiError(403, `You don't have access to sandbox template '${name}'`);
    }
    if (existing !== undefined) return existing;
    const template: Template = {
      id: randomId(20),
      team,
      name,
      sourceSandboxId,
      createdAt: new Date().toISOString(),
      builds: new Map<string, Build>(),
      tags: [],
      public: false,
      spawnCount: 0,
      lastSpawnedAt: null,
    };
    this.#templates.set(template.id, template);
    return template;
  }

  /** Assigns tags to a build. Until it is ready, they still lead to their previous builds. */
  assign(template: Template, build: Build, tags: readonly string[]): void {
    const createdAt = new Date().toISOString();
    template.tags = [...template.tags, ...tags.map((tag) => ({ tag, buildID: build.id, createdAt }))];
  }

  /** Removes tags, and builds without a tag, because no sandbox could start from them. */
  async unassign(template: Template, tags: readonly string[]): Promise<void> {
    template.tags = template.tags.filter(({ tag }) => !tags.includes(tag));
    const named = new Set(template.tags.map(({ buildID }) => buildID));
    for (const build of [...template.builds.values()].filter(({ id }) => !named.has(id))) {
      template.builds.delete(build.id);
      await this.#remove(build);
    }
  }

  /** Returns the last assignment of each tag. */
  tags(template: Template): readonly Tag[] {
    return [...new Map(template.tags.map((tag) => [tag.tag, tag])).values()];
  }

  /** Returns the build of a tag: the last assigned one that is ready. */
  ready(template: Template, tag: string): { readonly build: Build; readonly image: Image } | undefined {
    for (const assigned of template.tags.toReversed()) {
      const build = assigned.tag === tag ? template.builds.get(assigned.buildID) : undefined;
      if (build?.outcome.status === "ready") return { build, image: build.outcome.image };
    }
    return undefined;
  }

  /** Returns the image of `name`, `name:tag` or an id. @throws ApiError 404 or 403 */
  image(team: string, given: string): Image {
    const { name, tag = DEFAULT_TAG } = parseTemplateName(given);
    if (name === BASE_IMAGE.templateId) return BASE_IMAGE;
    const template = this.require(team, given);
    const ready = this.ready(template, tag);
    if (ready !== undefined) return ready.image;
    throw new ApiError(404, `tag '${tag}' does not exist for template '${name}'`);
  }

  countSpawn(image: Image): void {
    const template = this.#templates.get(image.templateId);
    if (template === undefined) return;
    template.spawnCount++;
    template.lastSpawnedAt = new Date().toISOString();
  }

  async delete(template: Template): Promise<void> {
    this.#templates.delete(template.id);
    const builds = [...template.builds.values()];
    template.builds.clear();
    for (const build of builds) await this.#remove(build);
  }

  /** Releases a build's layers. Sandboxes that started from it keep theirs. */
  async #remove({ outcome }: Build): Promise<void> {
    if (outcome.status === "ready") await this.#disks.release(outcome.image.layers);
  }
}
