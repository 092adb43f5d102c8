import type { IncomingMessage, ServerResponse } from "node:http";
import type { Faults } from "../faults.ts";
import type { Sandbox } from "../state/sandbox.ts";

/** One request to a running sandbox's envd, past authentication. */
export interface EnvdCall {
  readonly sandbox: Sandbox;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly faults: Faults;
}
