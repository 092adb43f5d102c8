import { type Lease, sealLease } from "../../../src/broker/lease.ts";
import { SIGN_PATH } from "../../../src/broker/sign.ts";
import { leaseKey } from "../../harness/lease-holder.ts";
import { newSigningKey } from "../../support/api-key.ts";
import type { Cleanups } from "../../support/cleanups.ts";
import { freePort } from "../../support/free-port.ts";
import { localBindings } from "../../support/local-services.ts";
import { startWorkerd } from "../../support/workerd.ts";
import { median } from "../../support/median.ts";

const TIMES = 200;
const WHO = "Warmtree <agent@warmtree.invalid>";

/** Returns the median time of one signature, from the request to the end of the answer, in milliseconds. */
export async function signMs(cleanups: Cleanups): Promise<number> {
  const [key, signing, port] = [leaseKey(), await newSigningKey(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const settings = { ...localBindings("http://127.0.0.1:9", "http://127.0.0.1:9"), LEASE_KEY: key.setting };
  const worker = await startWorkerd({ bindings: { ...settings, SIGNING_KEY: signing.key, PUBLIC_URL: url }, port });
  cleanups.add(() => worker.close());
  const lease: Lease = {
    v: 1,
    tenant: "bench",
    sandbox_id: "s0",
    url: "http://127.0.0.1:9/a",
    repository: "127.0.0.1:9/a",
    services: ["sign"],
    refs: [],
    expires_at: Date.now() + 3_600_000,
  };
  const headers = { Authorization: `Bearer ${await sealLease(lease, [key.bytes])}` };
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const at = `${Math.floor(Date.now() / 1000)} +0000`;
    const body = `tree ${"4b825dc6".repeat(5)}\nauthor ${WHO} ${at}\ncommitter ${WHO} ${at}\n\nCommit ${time}\n`;
    const startedAt = performance.now();
    const answer = await fetch(`${url}${SIGN_PATH}`, { method: "POST", headers, body });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(text);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
