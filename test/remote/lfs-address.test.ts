import { expect, test } from "vitest";
import { objectAddress } from "../../src/remote/lfs-address.ts";

const ORIGIN = "http://127.0.0.1:4000";
const ALLOWED = [ORIGIN, "github.com", "git.corp:8443", "http://localhost:5000"];
const check = (href: string) => objectAddress(href, ORIGIN, ALLOWED)?.href;

test.each([
  `${ORIGIN}/x.git/info/lfs/objects/1?a=b`,
  "https://github-cloud.s3.amazonaws.com/alambic/media/1?X-Amz-Signature=2",
  "https://github.com/o/r",
  // The operator has listed these hosts.
  "https://git.corp:8443/o/r",
  "http://localhost:5000/o/r",
])("%s: accepted", (href) => {
  expect(check(href)).toBe(href);
});

test.each([
  "http://github.com/o/r",
  "http://storage.example.com/x",
  "ftp://storage.example.com/x",
  "file:///etc/passwd",
  "http://127.0.0.1:4001/x",
  "https://127.0.0.1:4000/x",
  "https://127.0.0.1/x",
  "https://2130706433/x",
  "https://0x7f.1/x",
  "https://127.1/x",
  "https://10.0.0.1/x",
  "https://169.254.169.254/latest/meta-data",
  "https://8.8.8.8/x",
  "https://[::1]/x",
  "https://[::ffff:10.0.0.1]/x",
  "https://[fd00::1]/x",
  "https://localhost/x",
  "https://localhost./x",
  "https://a.localhost/x",
  "https://metadata.google.internal/x",
  "https://printer.local/x",
  "https://router/x",
  "https://git.corp/x",
  "https://storage.example.com:8443/x",
  "https://user@storage.example.com/x",
  "https://user:word@storage.example.com/x",
  "https://github.com@127.0.0.1/x",
  "storage.example.com/x",
  "/x",
  "",
])("%j: refused", (href) => {
  expect(check(href)).toBeUndefined();
});
