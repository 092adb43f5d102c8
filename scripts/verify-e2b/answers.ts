import * as z from "zod/v4";
import { E2bError } from "../../src/e2b/error.ts";

/** An answer as it came. */
export interface Wire {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined: it is not JSON. */
  readonly json: unknown;
}

export async function wireOf(response: Response): Promise<Wire> {
  const text = await response.text();
  let json: unknown;
  try {
    json = z.unknown().parse(JSON.parse(text));
  } catch {
    json = undefined; // An empty answer, or a gateway's page.
  }
  return { status: response.status, headers: response.headers, json };
}

/** The refusal that a call ends with. @throws Error when it goes well; what is no refusal */
export async function refusalOf(call: Promise<unknown>): Promise<E2bError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof E2bError) return error;
    throw error;
  }
  throw new Error("it went well, where a refusal was expected");
}

export const saidBy = ({ code, status }: E2bError) => (status === undefined ? code : `${code}, HTTP ${status}`);
