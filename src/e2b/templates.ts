import { apiOf, QUICK, SLOW } from "./api.ts";
import type { E2bConfig } from "./config.ts";
import { E2bError } from "./error.ts";
import {
  type BuildRef,
  type BuildStatus,
  buildStatus,
  requestedBuild,
  type TemplateTag,
  templateTags,
} from "./schema.ts";

interface BuildRequest {
  /** Name of the template; created if the account has none of that name. */
  name: string;
  /** Point to the build from now on; sandboxes start from it only once it is ready. */
  tags: string[];
  cpuCount: number;
  memoryMb: number;
}

interface BuildContent {
  fromImage: string;
  steps: readonly { readonly type: string; readonly args: readonly string[] }[];
}

/** E2B's templates: builds under a name, found by tags (`name:tag`). Every method throws E2bError. */
export interface TemplatePlane {
  /** Requests a build. A repeated request makes E2B drop the earlier build of the same tags, if not started. */
  request(request: BuildRequest): Promise<BuildRef>;
  /**
   * Starts a build. Runs every step anew, despite E2B's cache of earlier builds. A build that was already started
   * continues.
   */
  start(build: BuildRef, content: BuildContent): Promise<void>;
  status(build: BuildRef): Promise<BuildStatus>;
  /** Lists all tags of a template, including those of failed builds; none if the template does not exist. */
  tags(name: string): Promise<TemplateTag[]>;
  /** Points `tags` to the build named by `target` (`name:tag`). Throws not_found unless it is ready. */
  assignTags(target: string, tags: string[]): Promise<void>;
  /**
   * Removes tags. E2B has no other way to delete a build: without a tag it is unreachable. Running sandboxes are
   * unaffected.
   */
  removeTags(name: string, tags: string[]): Promise<void>;
}

/** Creates a template client for an account. */
export function templatePlane(config: E2bConfig, fetcher: typeof fetch = fetch): TemplatePlane {
  const { forJson, forNothing } = apiOf(config, fetcher);
  const plane: TemplatePlane = {
    request: ({ name, tags, cpuCount, memoryMb }) => {
      const body = { name, tags, cpuCount, memoryMB: memoryMb };
      const what = "request a template build";
      return forJson({ what, method: "POST", path: "/v3/templates", body, idempotent: true, ...SLOW }, requestedBuild);
    },

    start: async ({ templateId, buildId }, { fromImage, steps }) => {
      const path = `/v2/templates/${templateId}/builds/${buildId}`;
      const body = { fromImage, steps, force: true };
      try {
        await forNothing({ what: "start a template build", method: "POST", path, body, idempotent: true, ...SLOW });
      } catch (error) {
        // E2B also answers this if an earlier try started the build and its answer was lost.
        const isRefused = error instanceof E2bError && error.code === "invalid_request";
        if (isRefused && (await plane.status({ templateId, buildId })).state !== "waiting") return;
        throw error;
      }
    },

    status: ({ templateId, buildId }) => {
      const path = `/templates/${templateId}/builds/${buildId}/status?limit=1`;
      const what = "tell how a template build stands";
      return forJson({ what, method: "GET", path, idempotent: true, ...QUICK }, buildStatus);
    },

    tags: async (name) => {
      const path = `/templates/${encodeURIComponent(name)}/tags`;
      try {
        return await forJson(
          { what: "list a template's tags", method: "GET", path, idempotent: true, ...QUICK },
          templateTags,
        );
      } catch (error) {
        if (error instanceof E2bError && error.code === "not_found") return [];
        throw error;
      }
    },

    assignTags: (target, tags) => {
      const body = { target, tags };
      const what = "tag a template build";
      return forNothing({ what, method: "POST", path: "/templates/tags", body, idempotent: true, ...QUICK });
    },

    removeTags: (name, tags) => {
      const body = { name, tags };
      const what = "remove a template's tags";
      return forNothing({ what, method: "DELETE", path: "/templates/tags", body, idempotent: true, ...QUICK });
    },
  };
  return plane;
}
