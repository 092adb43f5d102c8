import type { WarmtreeError } from "../../errors.ts";
import type { LfsContent } from "../../remote/types.ts";

/** The output of a process of the sandbox, split at the script's section marks. */
export interface ScriptOutput {
  readonly exitCode: number;
  readonly sections: ReadonlyMap<number, Uint8Array>;
  /** The newest part of git's stderr, to classify failures; callers never see all of it. */
  readonly stderr: string;
  /** The sandbox sent more than the Worker stores. */
  readonly truncated: boolean;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /**
   * needsRemote: nothing was done, because only the remote has some objects; the call works with the remote.
   * pausing: nothing was done, because the pool pauses the workspace; the call works after a resume.
   * lost: a push without a turn lost a race; it can be sent again with a turn.
   * forLfs: nothing was done, because Git LFS stores these contents; the call works once the git host has them.
   */
  | {
      readonly ok: false;
      readonly error: WarmtreeError;
      readonly needsRemote?: true;
      readonly pausing?: true;
      readonly lost?: LostRace;
      readonly forLfs?: readonly LfsContent[];
    };

/** A push that another push overtook. */
export interface LostRace {
  readonly to: string;
  /** Commit to push. */
  readonly sha: string;
  /** Commit that this try made; '' for none. */
  readonly committed: string;
  /** Branch of the tree; '' if HEAD is detached. */
  readonly from: string;
}
