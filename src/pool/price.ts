/** E2B's list price of one vCPU for one second; paused and killed sandboxes cost nothing. */
const USD_PER_VCPU_S = 0.000014;
/** E2B's list price of one GiB of memory for one second. */
const USD_PER_GIB_S = 0.0000045;
const MIB_PER_GIB = 1024;

/** Size of a template's sandboxes. E2B bills the allocation, not the use. */
export interface SandboxSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** E2B's default sandbox. */
export const DEFAULT_SIZE: SandboxSize = { vcpus: 2, memoryMib: 512 };
/** Size of the template that Warmtree builds: 46% less rent. */
export const BUILT_SIZE: SandboxSize = { vcpus: 1, memoryMib: 512 };

/** Returns the price of a running sandbox in USD per second. */
export function usdPerSecond(size: SandboxSize): number {
  return size.vcpus * USD_PER_VCPU_S + (size.memoryMib / MIB_PER_GIB) * USD_PER_GIB_S;
}

/** Prices that the rules weigh against each other. */
export interface Worth {
  /** Value of one second of an agent's waiting time; a tight budget scales it down (budget.ts). */
  readonly waitUsdPerS: number;
  /** Price of one second of a running sandbox. */
  readonly rentUsdPerS: number;
}

/** $18 an hour: a waiting agent holds up a model and often a person. A choice, not a measurement. */
export const DEFAULT_WAIT_USD_PER_S = 0.005;
