import { BlockList, isIP } from "node:net";
import { ApiError } from "../http/reply.ts";
import type { LoopbackPort } from "../machine/machine.ts";
import { loopbackPort } from "./loopback.ts";

/** E2B's ALL_TRAFFIC. */
const ALL_TRAFFIC = "0.0.0.0/0";
/**
 * Addresses that no E2B sandbox reaches under any rules (e2b-dev/infra
 * packages/shared/pkg/sandbox-network/firewall.go).
 */
const INTERNAL = blockList([
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
]);
/** Resolver that E2B lets a sandbox with allowed names query. */
const RESOLVER = "8.8.8.8";

/** Egress settings of a request. */
export interface EgressSettings {
  readonly allowOut?: readonly string[] | undefined;
  readonly denyOut?: readonly string[] | undefined;
}

/** Destinations that a sandbox may connect to. */
export class EgressRules {
  readonly #allowed: BlockList;
  readonly #denied: BlockList;
  readonly #names: readonly string[];
  /** Whether the rules deny any connection. */
  readonly restrict: boolean;
  /** Whether the rules allow any connection out of this machine. */
  readonly allowSomething: boolean;
  readonly loopbackPorts: readonly LoopbackPort[];

  /** @throws ApiError 400 with E2B's message */
  constructor({ allowOut = [], denyOut = [] }: EgressSettings = {}, internet = true) {
    const wrong = denyOut.find((entry) => !isAddress(entry));
    if (wrong !== undefined) throw new ApiError(400, `invalid denied CIDR ${wrong}`);
    const unspecified = allowOut.find((entry) => looksLikeAddress(entry) && !isAddress(entry));
    if (unspecified !== undefined) throw new ApiError(400, `invalid allowed address ${unspecified}`);
    const addresses = allowOut.filter(looksLikeAddress);
    const names = allowOut.filter((entry) => !looksLikeAddress(entry));
    this.loopbackPorts = names.map(loopbackPort).filter((port) => port !== undefined);
    this.#names = names.filter((name) => loopbackPort(name) === undefined).map((name) => name.toLowerCase());
    if (names.length > 0 && !denyOut.includes(ALL_TRAFFIC)) {
      const reason = "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out";
      throw new ApiError(400, `${reason} to block all other traffic.`);
    }
    this.#allowed = blockList(addresses);
    this.#denied = blockList(internet ? denyOut : [ALL_TRAFFIC]);
    this.restrict = !internet || denyOut.length > 0;
    const allowed = allowOut.length - this.loopbackPorts.length;
    this.allowSomething = allowed > 0 || (internet && !denyOut.includes(ALL_TRAFFIC));
  }

  /** Whether the server name that a connection sends can change the decision. */
  get haveNames(): boolean {
    return this.#names.length > 0;
  }

  get mayResolve(): boolean {
    return this.haveNames || this.mayReach(RESOLVER);
  }

  mayReach(address: string): boolean {
    if (isInternal(address)) return false;
    return contains(this.#allowed, address) || !contains(this.#denied, address);
  }

  mayReachLoopback(address: string, port: number): boolean {
    return this.loopbackPorts.some((own) => own.address === address && own.port === port);
  }

  /** Whether a name is allowed: by itself, by `*`, or by `*.` for all names below a domain. */
  mayName(name: string): boolean {
    const given = name.toLowerCase();
    return this.#names.some(
      (own) => own === "*" || own === given || (own.startsWith("*.") && given.endsWith(own.slice(1))),
    );
  }
}

export function isInternal(address: string): boolean {
  return contains(INTERNAL, address);
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

function looksLikeAddress(entry: string): boolean {
  const [address = "", prefix, ...rest] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32));
}

/** Whether E2B takes the entry as an address. Of the entries for all addresses, E2B takes ALL_TRAFFIC only. */
function isAddress(entry: string): boolean {
  if (!looksLikeAddress(entry)) return false;
  return entry === ALL_TRAFFIC || !/^[0:.]*$/.test(entry.split("/", 1)[0] ?? "");
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
