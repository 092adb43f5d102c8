import { expect, test } from "vitest";
import { hostnameOf } from "../../src/http/loopback.ts";

/** Returns a request as workerd makes it: its URL has the value of the Host header, valid or not. */
const request = (host: string) => ({ url: `http://${host}/v1/workspaces`, headers: new Headers({ Host: host }) });

test.each([
  ["localhost", "localhost"],
  ["LOCALHOST:8787", "localhost"],
  ["127.0.0.1:", "127.0.0.1"],
  ["[::1]:8787", "[::1]"],
  ["localhost.", "localhost."],
  ["my_host.example:443", "my_host.example"],
])("Host '%s' names %s", (host, name) => {
  expect(hostnameOf(request(host))).toBe(name);
});

test.each([
  "localhost:99999",
  "localhost:port",
  "user@localhost",
  "evil.example@localhost",
  "localhost/path",
  "localhost?query",
  "localhost#fragment",
  "localhost\\path",
  "%6cocalhost",
  "evil.example, localhost",
  "evil.example localhost",
  "[::1",
  ":8787",
  "",
])("Host '%s' names no host", (host) => {
  expect(() => hostnameOf(request(host))).toThrow(expect.objectContaining({ code: "invalid_input" }));
});
