import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "../faults.ts";
import type { Sandbox } from "../state/sandbox.ts";

/** A request to the envd of a running sandbox. */
export interface EnvdCall {
  readonly sandbox: Sandbox;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly faults: Faults;
}
