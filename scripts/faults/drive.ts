import * as z from "zod/v4";
import { ERROR_KINDS, type ErrorCode } from "../../src/errors.ts";
import { problemSchema } from "../../src/api/schemas.ts";
import type { Answer } from "../support/client.ts";
import type { Stack } from "../harness/stack.ts";
import type { Fault } from "./faults.ts";
import { brokenRules } from "./rules.ts";
import type { Observed, OperationName, Told } from "./rules.ts";
import { callIn, endScene, makeScene, moveRemote, stateOf } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** Requests counted by the hosts during the first call. */
interface Tries {
  /** Processes that the Worker asked the sandbox to start. */
  readonly sandbox: number;
  /** Sandboxes that the Worker asked the control plane to create or resume. */
  readonly control: number;
  readonly git: number;
}

export interface Row extends Observed {
  readonly fault: string;
  readonly tries: Tries;
  readonly broken: readonly string[];
}

const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_KINDS, text);
const toldSchema = problemSchema.extend({ code: z.string().refine(isErrorCode) });

const CONTROL_ROUTES = /^POST .*(\/sandboxes|\/connect|\/resume)$/;

/** Calls one operation during a fault, and again after the fault. `nth` names the caller. */
export async function drive(stack: Stack, fault: Fault, operation: OperationName, nth: number): Promise<Row> {
  const scene = await makeScene(stack, nth, fault.workspace ?? (operation === "clone" ? undefined : "runs"));
  if (operation === "pull") await moveRemote(stack);
  const before = requests(stack);
  scene.gitBefore = stack.git.counters();
  await fault.begin(scene);
  const calling = call(scene, operation);
  await fault.during?.(scene);
  const first = await calling;
  const after = requests(stack);
  stack.host.faults.reset();
  stack.git.setFaults({});
  await fault.end?.(scene);

  const between = await stateOf(scene);
  const again = await call(scene, operation);
  const seen = { operation, expected: fault.expected, first, between, again, after: await stateOf(scene) };
  await endScene(scene);
  const tries = {
    sandbox: after.sandbox - before.sandbox,
    control: after.control - before.control,
    git: after.git - before.git,
  };
  return { fault: fault.name, ...seen, tries, broken: brokenRules(seen) };
}

async function call(scene: Scene, operation: OperationName): Promise<Told> {
  let answer: Answer;
  try {
    answer = await callIn(scene, operation);
  } catch (error) {
    // fetch throws a TypeError for a connection that gave no answer; any other error is a defect of this script.
    if (error instanceof TypeError) return { code: "no answer", retryable: true };
    throw error;
  }
  if (answer.status === 200) return { code: "ok", retryable: false };
  const { code, retryable, retry_after: retryAfterS, work } = toldSchema.parse(answer.json);
  return { code, retryable, retryAfterS, work };
}

function requests({ host, git }: Stack): Tries {
  const { byRoute } = host.counters();
  const control = Object.entries(byRoute).filter(([route]) => CONTROL_ROUTES.test(route));
  return {
    sandbox: byRoute["process.Process/Start"] ?? 0,
    control: control.reduce((sum, [, count]) => sum + count, 0),
    git: git.counters().requests,
  };
}
