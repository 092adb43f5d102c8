import { describe, expect, it } from "vitest";
import { parseRetryAfter, refusal } from "../../src/e2b/refusal.ts";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");

function refuse(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return refusal("do it", new Response(null, { status, headers }), text, NOW_MS);
}

describe("refusal", () => {
  it.each([
    [400, "invalid_request", false],
    [401, "unauthenticated", false],
    [403, "unauthenticated", false],
    [404, "not_found", false],
    [408, "timeout", true],
    [409, "conflict", false],
    [413, "invalid_request", false],
    [429, "rate_limited", false],
    [500, "unavailable", true],
    [502, "unavailable", true],
    [503, "unavailable", true],
    [504, "unavailable", true],
    [507, "capacity", false],
  ] as const)("reads %i as %s, started %s", (status, code, started) => {
    expect(refuse(status, { code: status, message: "why" })).toMatchObject({ code, started, status });
    expect(refuse(status, "<html>a gateway's page</html>")).toMatchObject({ code, started, status });
  });

  it("goes by the code in the body, not by the status a gateway put on it", () => {
    expect(refuse(500, { code: 404, message: "doesn't exist" })).toMatchObject({
      code: "not_found",
      started: false,
      status: 500,
    });
  });

  it("tells a sandbox that is gone from one whose envd is not up", () => {
    const gone = { sandboxId: "iabc", message: "The sandbox was not found", code: 502 };
    expect(refuse(502, gone)).toMatchObject({ code: "not_running", started: false });
    const closed = { ...gone, message: "The sandbox is running but port is not open", port: 49983 };
    expect(refuse(502, closed)).toMatchObject({ code: "unavailable", started: false });
  });

  it.each(["E2B sandboxes", "template builds"])("tells the cap on %s from the rate limiter", (which) => {
    const message = `you have reached the maximum number of concurrent ${which} (20). If you need more, …`;
    expect(refuse(429, { code: 429, message })).toMatchObject({ code: "capacity", started: false });
    expect(refuse(429, { code: 429, message: "Rate limit exceeded" }, { "retry-after": "3" })).toMatchObject({
      code: "rate_limited",
      retryAfterS: 3,
    });
    const connections = "The sandbox has too many concurrent incoming connections (limit: 2500)";
    expect(refuse(429, { code: 429, message: connections, sandboxId: "iabc" })).toMatchObject({ code: "rate_limited" });
  });

  it.each(["sandbox_capacity_unavailable", "sandbox_no_compatible_node"])(
    "knows that %s left nothing behind",
    (code) => {
      const body = { code: 503, message: "Failed to place sandbox", error_code: code };
      expect(refuse(503, body)).toMatchObject({ code: "capacity", started: false });
    },
  );

  it("does not take a placement that timed out for one that left nothing behind", () => {
    const body = { code: 504, message: "Failed to place sandbox", error_code: "sandbox_placement_timeout" };
    expect(refuse(504, body)).toMatchObject({ code: "unavailable", started: true });
  });

  it("takes Should-Retry along, and nothing when it says neither", () => {
    const body = { code: 503, message: "busy" };
    expect(refuse(503, body, { "should-retry": "false" }).retryAdvised).toBe(false);
    expect(refuse(503, body, { "should-retry": "true" }).retryAdvised).toBe(true);
    expect(refuse(503, body, { "should-retry": "perhaps" }).retryAdvised).toBeUndefined();
    expect(refuse(503, body).retryAdvised).toBeUndefined();
  });

  it("says what was asked, what the answer was, and what became of the work", () => {
    expect(refuse(400, { code: 400, message: "Timeout cannot be greater than 1 hours" }).message).toBe(
      "E2B did not do it: HTTP 400, Timeout cannot be greater than 1 hours. Nothing was changed.",
    );
    expect(refuse(500, "oops").message).toBe(
      "E2B did not do it: HTTP 500, without an error body of E2B. The request may have taken effect.",
    );
    expect(refuse(500, { code: 500, message: "x".repeat(10_000) }).message.length).toBeLessThan(1_000);
  });
});

describe("parseRetryAfter", () => {
  it.each([
    ["0", 0],
    ["120", 120],
    ["Mon, 23 Nov 2026 12:00:30 GMT", 30],
    ["Mon, 23 Nov 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("reads %j as %j seconds", (value, seconds) => {
    expect(parseRetryAfter(value, NOW_MS)).toBe(seconds);
  });
});
