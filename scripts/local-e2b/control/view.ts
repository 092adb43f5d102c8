import type { Sandbox } from "../state/sandbox.ts";

/** Version of envd whose behaviour this host follows. SDKs enable features by it. */
export const ENVD_VERSION = "0.6.13";
/** Deprecated field that the API still requires. */
const CLIENT_ID = "local";
/** Reported size of the disk; this host does not enforce it. */
export const DISK_SIZE_MB = 10_240;

/** Returns the response body of create, connect, resume and fork. */
export function sandboxView(sandbox: Sandbox): object {
  const { templateId, alias } = sandbox.spec.image;
  return {
    sandboxID: sandbox.id,
    templateID: templateId,
    clientID: CLIENT_ID,
    alias,
    envdVersion: ENVD_VERSION,
    envdAccessToken: sandbox.accessToken,
    trafficAccessToken: sandbox.trafficToken ?? null,
    domain: null,
  };
}

export function listedView(sandbox: Sandbox): object {
  const { image, metadata } = sandbox.spec;
  return {
    sandboxID: sandbox.id,
    templateID: image.templateId,
    clientID: CLIENT_ID,
    alias: image.alias,
    startedAt: new Date(sandbox.startedAtMs).toISOString(),
    endAt: new Date(sandbox.endAtMs).toISOString(),
    state: sandbox.state,
    cpuCount: image.cpuCount,
    memoryMB: image.memoryMB,
    diskSizeMB: DISK_SIZE_MB,
    envdVersion: ENVD_VERSION,
    metadata,
  };
}

export function detailView(sandbox: Sandbox): object {
  const { lifecycle } = sandbox.spec;
  return {
    ...listedView(sandbox),
    envdAccessToken: sandbox.accessToken,
    allowInternetAccess: sandbox.allowInternetAccess ?? null,
    network: sandbox.network,
    lifecycle: { onTimeout: lifecycle.onTimeout, autoResume: lifecycle.autoResume },
    domain: null,
  };
}
