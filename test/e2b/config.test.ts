import { describe, expect, it } from "vitest";
import { envdHeaders, envdUrl } from "../../src/e2b/config.ts";
import type { E2bConfig } from "../../src/e2b/config.ts";

const config: E2bConfig = { apiKey: "key", apiUrl: "https://api.e2b.app", sandboxUrl: undefined, domain: "e2b.app" };

describe("envdUrl", () => {
  it.each([
    ["E2B's shared host", config, {}, "https://sandbox.e2b.app"],
    ["the domain the sandbox came with", config, { domain: "e2b.dev" }, "https://sandbox.e2b.dev"],
    ["a host of its own elsewhere", { ...config, domain: "git.example.com" }, {}, "https://49983-iabc.git.example.com"],
    [
      "one address for all",
      { ...config, sandboxUrl: "http://127.0.0.1:9/" },
      { domain: "e2b.dev" },
      "http://127.0.0.1:9",
    ],
  ])("is %s", (_name, from, address, url) => {
    expect(envdUrl(from, { sandboxId: "iabc", ...address })).toBe(url);
  });
});

describe("envdHeaders", () => {
  it("route to the sandbox and carry its token, when it has one, and never the API key", () => {
    const routing = { "e2b-sandbox-id": "iabc", "e2b-sandbox-port": "49983" };
    expect(envdHeaders({ sandboxId: "iabc" })).toEqual(routing);
    expect(envdHeaders({ sandboxId: "iabc", accessToken: "t" })).toEqual({ ...routing, "x-access-token": "t" });
  });
});
