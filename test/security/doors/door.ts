import { DEV_KEY } from "../../../scripts/support/client.ts";

/** One value at a place that is no field of an operation's body. */
export interface AtDoor {
  readonly about: string;
  /** Whether the answer is what it must be. */
  readonly send: () => Promise<boolean>;
}

export const AUTHORIZED = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
export const shown = (value: string) => JSON.stringify(value).slice(0, 80);
