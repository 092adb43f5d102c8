import { ApiError } from "../http/reply.ts";
import type { Layers } from "../machine/disks.ts";
import { DEFAULT_TAG, parseTemplateName } from "./names.ts";
import { requireRunning } from "./registry.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxStore } from "./store.ts";
import { Build, type Template } from "./template.ts";
import type { TemplateStore } from "./templates.ts";

/**
 * Saves a running sandbox's current files under a name. Memory cannot be copied between processes of this machine: a
 * sandbox from a snapshot has the files, and no process of the original.
 * @throws ApiError 404 if the sandbox does not run, or the template is deleted meanwhile
 */
export async function takeSnapshot(
  sandboxes: SandboxStore,
  templates: TemplateStore,
  sandbox: Sandbox,
  given: string | undefined,
): Promise<{ readonly template: Template; readonly tag: string }> {
  const { name, tag = DEFAULT_TAG } = given === undefined ? { name: undefined } : parseTemplateName(given);
  requireRunning(sandbox);
  const { team, image } = sandbox.spec;
  const template = templates.open(team, name, sandbox.id);
  const build = new Build([tag], image.cpuCount, image.memoryMB);
  let layers: Layers;
  try {
    layers = await sandboxes.capture(sandbox);
  } catch (error) {
    if (template.builds.size === 0) await templates.delete(template);
    throw error;
  }
  if (templates.find(team, template.id) !== template) {
    await sandboxes.disks.release(layers);
    throw new ApiError(404, `template '${template.id}' was deleted meanwhile`);
  }
  template.builds.set(build.id, build);
  build.settle({ status: "ready", image: { ...image, templateId: template.id, alias: name, layers } });
  templates.assign(template, build, build.tags);
  return { template, tag };
}
