import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "../faults.ts";
import type { Builder } from "../state/builder.ts";
import type { SandboxStore } from "../state/store.ts";
import type { TemplateStore } from "../state/templates.ts";
import type { Uploads } from "../state/uploads.ts";

/** An authenticated request to the control plane. */
export interface ControlCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Decoded values of the `{…}` parts of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** Hash of the API key. Of other teams, a team sees public templates only. */
  readonly team: string;
  readonly sandboxes: SandboxStore;
  readonly templates: TemplateStore;
  readonly builder: Builder;
  readonly uploads: Uploads;
  readonly faults: Faults;
}

export type Handler = (call: ControlCall) => void | Promise<void>;

/** Handlers by method and pattern, for example `POST /sandboxes/{id}/pause`. */
export type Routes = Readonly<Record<string, Handler>>;
