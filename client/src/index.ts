export { createClient } from "./client.ts";
export type { Client, Git, Workspace, Workspaces } from "./client.ts";
export { NoAnswerError, WarmtreeError } from "./errors.ts";
export type { ErrorCode } from "./errors.ts";
export type * from "./generated.ts";
export type { EventOptions, Run, RunEvent, RunItem, Runs, RunStarted, RunStatus, StartInput } from "./runs.ts";
export type {
  Operation,
  Reference,
  RunInput,
  RunOptions,
  RunResult,
  Step,
  StepError,
  StepOutcome,
  StepProgress,
} from "./steps.ts";
export type { CallOptions, ClientOptions, GitToken, Result, Route } from "./transport.ts";
export { WebhookVerificationError } from "./webhook.ts";
export type { WebhookFault, WebhookMessage, WebhookOptions } from "./webhook.ts";
export { verifyWebhook } from "./webhooks.ts";
export type { Webhook, WebhookEvent, Webhooks } from "./webhooks.ts";
