import type { GitService } from "./lease.ts";

/** A request to the broker and the decision about it, for the operator's log. */
export interface BrokerFacts {
  readonly tenant?: string;
  /** Beginning of the digest of the API key whose operation has the lease. */
  readonly key?: string;
  /** Id of the request that the operation came with. */
  readonly operationRequestId?: string;
  readonly sandboxId?: string;
  readonly repository?: string;
  readonly service?: GitService | "sign";
  /** Refs that a push asks to change. */
  readonly refs?: readonly string[];
  /** Reason of a refusal; absent if the request was allowed. */
  readonly refused?: BrokerRefusal;
  /** Length of the git host's response, if the host announces it. */
  readonly bytesOut?: number;
}

export type BrokerRefusal =
  | "lease_invalid"
  | "lease_expired"
  | "other_repository"
  | "service_not_allowed"
  | "host_not_allowed"
  | "ref_not_allowed"
  | "payload_too_large"
  | "not_signed"
  | "not_understood";

/** Receives facts as they become known. */
export type Note = (facts: BrokerFacts) => void;
