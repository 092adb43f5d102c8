import * as z from "zod/v4";

/** Request bodies of E2B's control plane, with the fields that this host uses. Unknown fields are ignored. */
const text = z.record(z.string(), z.string());

const egress = z.object({
  allowOut: z.array(z.string()).optional(),
  denyOut: z.array(z.string()).optional(),
  rules: z.record(z.string(), z.unknown()).optional(),
  egressProxy: z.unknown().optional(),
});

const network = egress.extend({
  httpsPorts: z.array(z.int()).optional(),
  allowPublicTraffic: z.boolean().optional(),
  maskRequestHost: z
    .string()
    .regex(/^[!-~]*$/, { error: "mask request host is not ASCII. Please use ASCII characters only." })
    .optional(),
});

const newSandbox = z.object({
  templateID: z.string().min(1),
  timeout: z.number().optional(),
  metadata: text.optional(),
  envVars: text.default({}),
  allow_internet_access: z.boolean().optional(),
  network: network.optional(),
  volumeMounts: z.array(z.unknown()).default([]),
  iam: z.unknown().optional(),
  mcp: z.unknown().optional(),
  autoPause: z.boolean().default(false),
  autoPauseMemory: z.boolean().default(true),
  autoResume: z.object({ enabled: z.boolean() }).default({ enabled: false }),
});
export type NewSandbox = z.output<typeof newSandbox>;

/** The two versions of a call differ only in their default timeout. */
export const newSandboxV1 = newSandbox.extend({ timeout: z.number().default(15) });
export const newSandboxV2 = newSandbox.extend({ timeout: z.number().default(300) });

export const connectV1 = z.object({ timeout: z.number(), memory: z.boolean().default(true) });
export const connectV2 = z.object({ timeout: z.number().default(300), memory: z.boolean().default(true) });
export const resumed = z.object({ timeout: z.number().default(15), memory: z.boolean().default(true) });

export const timeoutRequest = z.object({ timeout: z.number() });
/** E2B's default for a refresh without a duration. */
export const refreshRequest = z.object({ duration: z.int().min(0).max(3600).default(15) });
export const pauseRequest = z.object({ memory: z.boolean().default(true) });
export const networkUpdate = egress.extend({ allow_internet_access: z.boolean().optional() });
