import { ApiError } from "../http/reply.ts";
import type { Disk } from "../machine/disks.ts";
import type { Isolation, Machine } from "../machine/machine.ts";
import type { NetworkConfig } from "../state/network-config.ts";
import type { Sandbox, SandboxSpec } from "../state/sandbox.ts";
import { Egress, type Routes } from "./gateway.ts";
import { EgressRules } from "./rules.ts";

/** Gives sandboxes with egress rules a network of their own, and refuses rules that this machine cannot enforce. */
export class Enforcement {
  readonly #isolation: Isolation;
  readonly #routes: Routes;

  constructor(isolation: Isolation, routes: Routes) {
    this.#isolation = isolation;
    this.#routes = routes;
  }

  /** Returns the gateway of a new sandbox; undefined for this machine's network. @throws ApiError 400, 403 or 501 */
  wayOut({ network, allowInternetAccess }: SandboxSpec): Egress | undefined {
    return this.#gatewayFor(rulesOf(network, allowInternetAccess));
  }

  /** Opens a machine with this gateway. @throws ApiError 501 */
  async open(id: string, disk: Disk, egress: Egress | undefined): Promise<Machine> {
    const machine = await this.#isolation.open(id, disk, egress);
    try {
      requireWay(machine, egress);
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  /** Replaces a running sandbox's egress rules, not its settings for clients. @throws ApiError 400, 403 or 501 */
  async change(sandbox: Sandbox, network: NetworkConfig, internet: boolean | undefined): Promise<void> {
    const rules = rulesOf(network, internet);
    if (sandbox.egress === undefined) {
      await this.#separate(sandbox, rules);
    } else {
      requireWay(sandbox.machine, { rules });
      await this.#offer(sandbox, rules, sandbox.egress);
    }
    const { allowPublicTraffic, maskRequestHost } = sandbox.network ?? {};
    sandbox.network = { allowPublicTraffic, maskRequestHost, ...network };
    if (internet !== undefined) sandbox.allowInternetAccess = internet;
  }

  async #offer({ machine }: Sandbox, rules: EgressRules, egress: Egress): Promise<void> {
    const before = egress.rules;
    egress.rules = rules;
    try {
      await machine.offerPorts();
    } catch (error) {
      egress.rules = before;
      throw new ApiError(409, error instanceof Error ? error.message : String(error));
    }
  }

  async #separate(sandbox: Sandbox, rules: EgressRules): Promise<void> {
    const gateway = this.#gatewayFor(rules);
    if (gateway === undefined) return;
    const left = sandbox.isQuiet() && (await sandbox.hold(() => sandbox.machine.leaveNetwork(gateway)));
    if (!left) {
      const advice = "create the sandbox with rules, or set them while nothing runs in it";
      throw new ApiError(501, `a process cannot leave this machine's network once it runs: ${advice}`);
    }
    sandbox.egress = gateway;
    requireWay(sandbox.machine, gateway);
  }

  #gatewayFor(rules: EgressRules): Egress | undefined {
    if (!rules.restrict) return undefined;
    if (this.#isolation.ownNetworks) return new Egress(rules, this.#routes);
    throw new ApiError(501, "egress rules take namespaces, which sandboxes do not have here");
  }
}

/** Refuses rules that allow something if the kernel does not redirect connections to the host. @throws ApiError 501 */
function requireWay({ reachesOut }: Machine, egress: { readonly rules: EgressRules } | undefined): void {
  if (egress === undefined || !egress.rules.allowSomething || reachesOut) return;
  throw new ApiError(501, "this machine's kernel (nf_tables) takes no egress rules but those that deny all");
}

function rulesOf(network: NetworkConfig = {}, internet: boolean | undefined): EgressRules {
  if (Object.keys(network.rules ?? {}).length > 0) {
    throw new ApiError(400, "Network transform rules are not available for your team.");
  }
  if (network.egressProxy !== undefined && network.egressProxy !== null) {
    throw new ApiError(403, "Egress proxy (egressProxy) is not enabled for this team.");
  }
  if ((network.httpsPorts ?? []).length > 0) {
    throw new ApiError(501, "httpsPorts: the local host speaks HTTP with programs in sandboxes, not HTTPS");
  }
  return new EgressRules(network, internet !== false);
}
