import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/config.ts";
import { ERROR_KINDS, type ErrorCode, type ErrorDetails, WarmtreeError } from "../../src/errors.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { asKnownError } from "../../src/execution/known-error.ts";
import { problemResponse } from "../../src/http/problem-response.ts";
import { Redactor } from "../../src/redaction/redactor.ts";
import { problemSchema } from "../../src/api/schemas.ts";

/** The codes, statuses and retry flags that were promised to clients, and must not change. */
const PROMISED: [code: ErrorCode, status: number, retryable: boolean][] = [
  ["invalid_input", 400, false],
  ["unauthenticated", 401, false],
  ["host_not_allowed", 403, false],
  ["ref_not_allowed", 403, false],
  ["git_auth_failed", 403, false],
  ["unknown_operation", 404, false],
  ["not_found", 404, false],
  ["workspace_not_found", 404, false],
  ["repository_not_found", 404, false],
  ["nothing_unpushed", 404, false],
  ["ref_not_found", 404, false],
  ["path_not_found", 404, false],
  ["method_not_allowed", 405, false],
  ["not_cloned", 409, false],
  ["conflict", 409, false],
  ["dirty_tree", 409, false],
  ["patch_failed", 409, false],
  ["push_rejected", 409, false],
  ["history_rewritten", 409, false],
  ["run_not_ended", 409, false],
  ["request_under_way", 409, true],
  ["key_reused", 422, false],
  ["workspace_gone", 410, false],
  ["workspace_rolled_back", 409, false],
  ["rule_broken", 422, false],
  ["payload_too_large", 413, false],
  ["too_expensive", 422, false],
  ["unsupported_media_type", 415, false],
  ["rate_limited", 429, true],
  ["snapshot_not_found", 404, false],
  ["webhook_not_found", 404, false],
  ["internal", 500, false],
  ["git_failed", 502, false],
  ["git_unreachable", 502, true],
  ["not_signed", 502, true],
  ["misconfigured", 503, false],
  ["budget_exhausted", 503, false],
  ["sandbox_unavailable", 503, true],
  ["workspace_busy", 503, true],
  ["branch_busy", 503, true],
  ["timeout", 504, true],
  ["disk_full", 507, false],
];

const EVERYTHING = {
  field: "files.0.path",
  retryAfterS: 1.2,
  limit: "requests_per_key",
  work: { committed: "9f2c61b", pushed: "unknown", tree: "merging" },
  conflicts: [{ path: "a", kind: "content", line: 3, base: "1", ours: "2", theirs: "3" }],
  truncated: true,
} as const satisfies ErrorDetails;

const REQUEST_ID = "7d6b0f0e-3c5f-4c83-9f0e-5a4a7f6f5d11";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function answered(thrown: unknown, ...secrets: string[]) {
  const response = problemResponse(asKnownError(thrown), REQUEST_ID, new Redactor(secrets));
  const body: unknown = await response.json();
  // A member that the published schema lacks would be lost here.
  expect(problemSchema.parse(body)).toEqual(body);
  return { response, body: problemSchema.parse(body) };
}

describe("every code", () => {
  it("has a promise", () => {
    expect(PROMISED.map(([code]) => code).sort()).toEqual(Object.keys(ERROR_KINDS).sort());
  });

  it.each(PROMISED)("%s is answered as promised: %i", async (code, status, retryable) => {
    const { response, body } = await answered(new WarmtreeError(code, "What and why.", EVERYTHING));
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/problem+json",
      "x-request-id": expect.stringMatching(UUID),
      "retry-after": "2",
    });
    const { retryAfterS, ...members } = EVERYTHING;
    expect(body).toEqual({
      type: `urn:warmtree:problem:${code}`,
      title: ERROR_KINDS[code].title,
      status,
      detail: "What and why.",
      instance: `urn:uuid:${response.headers.get("x-request-id")}`,
      code,
      retryable,
      retry_after: retryAfterS,
      ...members,
    });
  });
});

it("leaves out what there is nothing to say about", async () => {
  const { response, body } = await answered(new WarmtreeError("conflict", "Why."));
  expect(Object.keys(body).sort()).toEqual(["code", "detail", "instance", "retryable", "status", "title", "type"]);
  expect(response.headers.has("retry-after")).toBe(false);
});

it("sends the header fields that belong to a refusal", async () => {
  const { response } = await answered(new HttpError("method_not_allowed", "Why.", { Allow: "GET" }));
  expect(response.headers.get("allow")).toBe("GET");
});

it("says which setting is wrong", async () => {
  const { response, body } = await answered(new ConfigError("Settings are wrong: E2B_API_KEY is required"));
  expect(response.status).toBe(503);
  expect(body).toMatchObject({ code: "misconfigured", detail: expect.stringContaining("E2B_API_KEY") });
});

it.each([
  new Error("boom at 10.0.0.7"),
  new TypeError("boom at 10.0.0.7"),
  "boom at 10.0.0.7",
  { message: "boom at 10.0.0.7" },
  undefined,
  null,
])("of what nobody foresaw, tells the caller an id and no more: %o", async (thrown) => {
  const { response, body } = await answered(thrown);
  expect(response.status).toBe(500);
  expect([body.code, body.instance]).toEqual(["internal", `urn:uuid:${REQUEST_ID}`]);
  expect(JSON.stringify(body)).not.toMatch(/boom|10\.0\.0\.7/);
});

it.each(["Bearer tok!en-of-8", "Basic tok!en-of-8", "tok\u001b[0m!en-of-8"])(
  "leaves nothing of a credential, though a part of it alone looks like one: %j",
  async (quoted) => {
    const told = new WarmtreeError("git_failed", `The host said: ${quoted}.`, { remoteMessages: [quoted] });
    const { body } = await answered(told, "tok!en-of-8");
    expect(JSON.stringify(body)).not.toMatch(/tok|!en|of-8/);
  },
);
