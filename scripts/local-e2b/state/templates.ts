import { ApiError } from "../http/reply.ts";
import type { Image } from "./image.ts";

/** The template that every E2B account has: a plain Linux with git. Ids of built ones are random. */
const BASE: Image = {
  templateId: "base",
  alias: "base",
  tree: undefined,
  env: {},
  user: "user",
  workdir: undefined,
  startCmd: undefined,
  cpuCount: 2,
  memoryMB: 512,
};

export class TemplateStore {
  find(_team: string, name: string): { readonly id: string } | undefined {
    return name === "base" ? { id: "base" } : undefined;
  }

  /** What a sandbox of this template starts from. @throws ApiError 404 */
  image(_team: string, name: string): Image {
    if (name === "base") return BASE;
    throw new ApiError(404, `template '${name}' not found`);
  }
}
