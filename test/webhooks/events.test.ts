import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../scripts/support/tools.ts";
import { eventBody } from "../../src/api/webhook-schemas.ts";
import { apiKey } from "../../src/settings/values.ts";
import { EVENT_DATA, EVENT_TYPES, OPERATOR } from "../../src/webhooks/events.ts";

test("every event but that of a test is a tenant's or the operator's", () => {
  expect(EVENT_TYPES.toSorted()).toEqual(Object.keys(EVENT_DATA).toSorted());
});

test.each(EVENT_TYPES)("docs/webhooks.md shows %s as its schema has it", async (type) => {
  const page = await readFile(join(ROOT, "docs", "webhooks.md"), "utf8");
  const examples = [...page.matchAll(/^```json\n([^]*?)^```/gm)].map(([, json = ""]): unknown => JSON.parse(json));
  expect(examples).toHaveLength(EVENT_TYPES.length);
  const [example, ...others] = examples.filter((one) => JSON.stringify(one).startsWith(`{"type":"${type}"`));
  expect(others).toEqual([]);
  expect(eventBody(type).parse(example)).toEqual(example);
});

test("no API key names the operator's place", () => {
  expect(apiKey.safeParse(`${OPERATOR}=${"0".repeat(64)}`).success).toBe(false);
});
