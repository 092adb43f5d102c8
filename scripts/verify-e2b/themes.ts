import type { Theme } from "../verification/check.ts";
import { building } from "./building.ts";
import { ending } from "./ending.ts";
import { errors, limits } from "./errors.ts";
import { imaging } from "./imaging.ts";
import { input } from "./input.ts";
import { listing } from "./listing.ts";
import { making } from "./making.ts";
import { pausing } from "./pausing.ts";
import { processes } from "./processes.ts";
import { reaching } from "./reaching.ts";
import { sealing } from "./sealing.ts";
import type { E2bScene } from "./scene.ts";

/** Run in this order; the last checks the 429s of the others, and removes all resources. */
export const E2B_THEMES: readonly Theme<E2bScene>[] = [
  errors,
  making,
  listing,
  ending,
  pausing,
  reaching,
  sealing,
  processes,
  input,
  imaging,
  building,
  limits,
];
