import type { WarmtreeError } from "../../errors.ts";

/** What came back from the sandbox, cut at the script's section marks. */
export interface ScriptOutput {
  readonly exitCode: number;
  readonly sections: ReadonlyMap<number, Uint8Array>;
  /** The newest part of what git said, for classifying failures; never shown whole to callers. */
  readonly stderr: string;
  /** The sandbox sent more than the Worker was willing to hold. */
  readonly truncated: boolean;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /**
   * needsRemote: nothing was done, as objects are missing that only the remote has; with it, it can be done.
   * pausing: nothing was done, as the pool pauses the workspace; after a resume, it can be done.
   * lost: of a push without a turn, which can be sent again with one.
   */
  | {
      readonly ok: false;
      readonly error: WarmtreeError;
      readonly needsRemote?: true;
      readonly pausing?: true;
      readonly lost?: LostRace;
    };

/** A push that another one overtook. */
export interface LostRace {
  readonly to: string;
  /** Commit that was to be pushed. */
  readonly sha: string;
  /** Commit that the try made; '' for none. */
  readonly committed: string;
  /** Branch of the tree; '' for none. */
  readonly from: string;
}
