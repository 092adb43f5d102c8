import type { GitService } from "./lease.ts";

/** What a request to the broker asked for, and how it was judged; for the operator's log. */
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
  /** Why it was refused. */
  readonly refused?: BrokerRefusal;
  /** Length of the git host's answer, if the host says it. */
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
