import type { TestProject } from "vitest/node";
import { startLocalHost } from "../../scripts/local-e2b/host.ts";

/** Objects under test in workerd talk to a real sandbox host, which has to live outside of it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const host = await startLocalHost({ isolation: "none" });
  project.provide("e2bUrl", host.url);
  return () => host.close();
}
