import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "../faults.ts";
import type { Builder } from "../state/builder.ts";
import type { SandboxStore } from "../state/store.ts";
import type { TemplateStore } from "../state/templates.ts";
import type { Uploads } from "../state/uploads.ts";

/** One request to the control plane, past authentication. */
export interface ControlCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** The `{…}` parts of the route, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Whoever holds the API key; nothing of one team is visible to another. */
  readonly team: string;
  readonly sandboxes: SandboxStore;
  readonly templates: TemplateStore;
  readonly builder: Builder;
  readonly uploads: Uploads;
  readonly faults: Faults;
}

export type Handler = (call: ControlCall) => void | Promise<void>;

/** Keyed by method and pattern, for example `POST /sandboxes/{id}/pause`. */
export type Routes = Readonly<Record<string, Handler>>;
