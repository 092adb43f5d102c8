import type { TestProject } from "vitest/node";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";

/** Starts real sandbox hosts for objects under test: a host cannot run in workerd. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // The second keeps sandboxes from the network, if this machine allows it, and takes longer to start them.
  const [host, ruled] = await Promise.all([startLocalHost({ isolation: "none" }), startLocalHost()]);
  project.provide("e2bUrl", host.url);
  project.provide("ruledE2b", { url: ruled.url, egress: ruled.egress });
  return async () => {
    await Promise.all([host.close(), ruled.close()]);
  };
}
