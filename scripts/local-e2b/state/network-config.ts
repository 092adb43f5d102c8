/** E2B's network settings of a sandbox. */
export interface NetworkConfig {
  readonly allowPublicTraffic?: boolean | undefined;
  /** The Host header that programs get. */
  readonly maskRequestHost?: string | undefined;
  /** Egress: IP addresses and CIDR blocks; in `allowOut` also domain names. */
  readonly allowOut?: readonly string[] | undefined;
  readonly denyOut?: readonly string[] | undefined;
  readonly rules?: Readonly<Record<string, unknown>> | undefined;
  readonly egressProxy?: unknown;
  readonly httpsPorts?: readonly number[] | undefined;
}
