import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { type Lease, sealLease } from "../../src/broker/lease.ts";
import type { RefRule } from "../../src/broker/rules.ts";

/** Returns a new key: its bytes, and the Worker's setting. */
export function leaseKey(): { readonly bytes: Uint8Array; readonly setting: string } {
  const bytes = randomBytes(32);
  return { bytes: new Uint8Array(bytes), setting: bytes.toString("base64") };
}

interface Holder {
  /** Addresses of the Worker and of the git host. */
  readonly worker: string;
  readonly host: string;
  readonly key: Uint8Array;
  readonly refs: readonly RefRule[];
  /** Header for the git host. */
  readonly authorization?: string;
}

interface Ran {
  readonly code: number;
  readonly said: string;
}

/** Runs plain git outside of any sandbox, with leases, as a thief of a lease could. */
export class LeaseHolder {
  readonly #holder: Holder;

  constructor(holder: Holder) {
    this.#holder = holder;
  }

  /** Returns the address of a repository at the broker. */
  at(repository: string): string {
    return `${this.#holder.worker}/broker/${new URL(this.#holder.host).host}/${repository}.git`;
  }

  /** Returns a lease for a repository, with some claims changed, or signed with another key. */
  lease(repository: string, change: Partial<Lease> = {}, key: Uint8Array = this.#holder.key): Promise<string> {
    const { host, refs, authorization } = this.#holder;
    const lease: Lease = {
      v: 1,
      tenant: "acme",
      sandbox_id: "s0-00000000000000000000",
      url: `${host}/${repository}.git`,
      repository: `${new URL(host).host}/${repository}`,
      services: ["git-upload-pack", "git-receive-pack"],
      refs: [...refs],
      expires_at: Date.now() + 3_600_000,
      ...(authorization === undefined ? {} : { authorization }),
      ...change,
    };
    return sealLease(lease, [key]);
  }

  git(lease: string, ...args: string[]): Promise<Ran> {
    const own = ["-c", `http.extraHeader=Authorization: Bearer ${lease}`, ...NOBODY];
    const env = { PATH: process.env["PATH"], HOME: "/nonexistent", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
    return new Promise((resolve) => {
      execFile("git", [...own, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
      );
    });
  }
}

const NOBODY = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"];
