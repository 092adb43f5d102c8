import { describe, expect, it } from "vitest";
import { WarmtreeError } from "../../src/errors.ts";
import { toldBy } from "../../src/http/log.ts";
import { Redactor } from "../../src/redaction/redactor.ts";

const told = (thrown: unknown, ...secrets: string[]) => toldBy(thrown, new Redactor(secrets));

describe("the log of an unexpected error", () => {
  it("has the stack and the causes", () => {
    const cause = new Error("the root", { cause: "a word" });
    expect(told(new WarmtreeError("internal", "For callers.", {}, cause))).toMatch(
      /For callers\.[^]*log\.test\.ts[^]*caused by: Error: the root[^]*caused by: a word/,
    );
  });

  it("tells of no object more than that it was thrown", () => {
    expect(told({ message: "boom" })).toBe("a thrown object");
  });

  it("leaves nothing of a secret that another one begins", () => {
    expect(told(new Error("it was abcdefgh-ijkl"), "abcdefgh", "abcdefgh-ijkl")).not.toMatch(/abcdefgh|ijkl/);
  });

  it("leaves nothing of a secret whose beginning looks like a header's value", () => {
    expect(told(new Error("sent Bearer tok!en-of-8"), "tok!en-of-8")).not.toMatch(/tok|!en|of-8/);
  });

  it("ends where causes go in a circle", () => {
    const error = new Error("round");
    error.cause = error;
    expect(told(error).match(/caused by/g)?.length).toBeLessThan(10);
  });

  it("has no secret in the form it is sent in either", () => {
    const token = "ghp_0123456789abcdef";
    const sent = `Basic ${btoa(`x-access-token:${token}`)}`;
    const text = told(
      new Error(`sent ${sent} and Bearer ${token}`, { cause: new Error(`header ${token} is bad`) }),
      token,
    );
    expect(text).not.toContain(token);
    expect(text).not.toContain(btoa(token).slice(4, 16));
    expect(text).toContain("sent Basic [redacted] and Bearer [redacted]");
    expect(text).toContain("header [redacted] is bad");
  });
});
