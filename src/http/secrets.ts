import { Redactor } from "../redaction/redactor.ts";
import { secretsIn } from "../settings/settings.ts";
import type { HttpContext } from "./context.ts";
import { tokensIn } from "./git-tokens.ts";

const redactors = new WeakMap<Request, Redactor>();
/** Redactors of the settings, which are the same for every request. */
const ofSettings = new WeakMap<object, Redactor>();

/**
 * Returns the redactor of a request, for its response and its log lines: knows the secrets that the request sent and
 * those of the settings.
 */
export function redactorOf(c: HttpContext): Redactor {
  const known = redactors.get(c.req.raw);
  if (known) return known;
  const made = new Redactor(sentSecrets(c), redactorOfSettings(c.env));
  redactors.set(c.req.raw, made);
  return made;
}

function redactorOfSettings(env: object): Redactor {
  const redactor = ofSettings.get(env) ?? new Redactor(secretsIn(env));
  ofSettings.set(env, redactor);
  return redactor;
}

/** Returns a redactor for stacks, which nobody wrote for a reader: every setting is a secret, also one in no list. */
export function strictRedactorOf(c: HttpContext): Redactor {
  return new Redactor([...Object.values<unknown>({ ...c.env }).filter(isString), ...sentSecrets(c)]);
}

const isString = (value: unknown): value is string => typeof value === "string";

function sentSecrets(c: HttpContext): string[] {
  const { headers } = c.req.raw;
  const key = headers.get("Authorization")?.split(" ").at(-1) ?? "";
  return [key, ...tokensIn(headers)];
}
