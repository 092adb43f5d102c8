import { DEV_KEY } from "../../../scripts/support/client.ts";

/** One value in a place other than a field of an operation's body. */
export interface AtDoor {
  readonly about: string;
  /** Sends the value. @returns whether the answer is right */
  readonly send: () => Promise<boolean>;
}

export const AUTHORIZED = { Authorization: `Bearer ${DEV_KEY}`, "Content-Type": "application/json" };
export const shown = (value: string) => JSON.stringify(value).slice(0, 80);
