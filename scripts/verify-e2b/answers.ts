import * as z from "zod/v4";
import { E2bError } from "../../src/e2b/error.ts";

/** A response, with its body parsed. */
export interface Wire {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined: the body is not JSON. */
  readonly json: unknown;
}

export async function wireOf(response: Response): Promise<Wire> {
  const text = await response.text();
  let json: unknown;
  try {
    json = z.unknown().parse(JSON.parse(text));
  } catch {
    json = undefined; // An empty body, or a gateway's page.
  }
  return { status: response.status, headers: response.headers, json };
}

/** Returns the refusal with which a call rejects. @throws Error if the call succeeds, or fails in another way */
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
