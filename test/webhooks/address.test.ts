import { describe, expect, test } from "vitest";
import { readAddress } from "../../src/webhooks/address.ts";

const OWN = ["https://warmtree.example", "http://127.0.0.1:8787"];
const read = (url: string, loopback = false) => readAddress(url, { loopback, own: OWN });

test.each([
  ["https://hooks.example.com", "https://hooks.example.com/"],
  ["https://hooks.example.com:443/in?token=a%20b", "https://hooks.example.com/in?token=a%20b"],
  ["https://hooks.example.com:8443/in", "https://hooks.example.com:8443/in"],
  ["HTTPS://Hooks.Example.COM/In", "https://hooks.example.com/In"],
  ["https://hooks.example.com/a/../in", "https://hooks.example.com/in"],
  ["https://xn--bcher-kva.example/in", "https://xn--bcher-kva.example/in"],
  ["https://8.8.8.8/in", "https://8.8.8.8/in"],
  ["https://[2606:4700::1111]/in", "https://[2606:4700::1111]/in"],
  ["https://[::ffff:8.8.8.8]/in", "https://[::ffff:808:808]/in"],
  ["https://[64:ff9b::8.8.8.8]/in", "https://[64:ff9b::808:808]/in"],
  ["https://[2002:808:808::1]/in", "https://[2002:808:808::1]/in"],
  ["https://localhost.example.com/in", "https://localhost.example.com/in"],
  ["https://notinternal.example/in", "https://notinternal.example/in"],
])("%s: taken", (given, url) => {
  expect(read(given)).toEqual({ ok: true, url });
});

const LONG = `https://hooks.example.com/${"a".repeat(2048)}`;

describe("refused", () => {
  test.each([
    ["is not https", ["http://hooks.example.com/in", "ftp://hooks.example.com/in", "file:///etc/passwd", "data:,a"]],
    ["port", ["https://hooks.example.com:80/in", "https://hooks.example.com:25/in", "https://hooks.example.com:1023"]],
    ["user or password", ["https://user@hooks.example.com/in", "https://user:word@hooks.example.com/in"]],
    ["fragment", ["https://hooks.example.com/in#part", "https://hooks.example.com/in#"]],
    [
      "is not a URL",
      [
        "",
        "hooks.example.com/in",
        "/in",
        "https://",
        "https://hooks.example.com:99999/in",
        "https://hooks.\texample.com/in",
        "https://hooks.example.com/in\n",
        " https://hooks.example.com/in",
        "https:\\\\hooks.example.com\\in",
        "https://bücher.example/in",
        "https://hooks。example。com/in",
      ],
    ],
    ["2048 characters", [LONG]],
    ["this service itself", ["https://warmtree.example/v1", "https://warmtree.example:8443/v1"]],
    [
      "public host",
      [
        "https://localhost/in",
        "https://a.localhost/in",
        "https://a.localhost./in",
        "https://hooks.example.com./in",
        "https://router/in",
        "https://printer.local/in",
        "https://metadata.google.internal/in",
        "https://nas.home.arpa/in",
        "https://host.localdomain/in",
      ],
    ],
  ])("because it %s", (why, urls) => {
    for (const url of urls) {
      expect([url, read(url)]).toEqual([url, { ok: false, detail: expect.stringContaining(why) }]);
    }
  });

  test.each([
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::127.0.0.1]",
    "[::8.8.8.8]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:0:10.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::808:808]",
    "[2002:a00:1::1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[2001:0:808:808::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[5f00::1]",
  ])("address %s, which is not of the public Internet", (host) => {
    expect(read(`https://${host}/in`)).toMatchObject({ ok: false });
  });

  test.each([
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.0.1",
    "223.255.255.255",
  ])("but not its neighbour %s", (host) => {
    expect(read(`https://${host}/in`)).toMatchObject({ ok: true });
  });
});

test("where this machine's own requests are open, its other services are receivers too, by http", () => {
  for (const url of ["http://127.0.0.1:9000/in", "http://localhost:9000/in", "http://[::1]:9000/in"]) {
    expect(read(url)).toMatchObject({ ok: false });
    expect(read(url, true)).toEqual({ ok: true, url });
  }
  expect(read("http://localhost:8787/v1", true)).toMatchObject({
    ok: false,
    detail: expect.stringContaining("itself"),
  });
  for (const url of [
    "http://10.0.0.1/in",
    "http://hooks.example.com/in",
    "ftp://127.0.0.1/in",
    "http://a.localhost/in",
  ]) {
    expect([url, read(url, true)]).toEqual([url, { ok: false, detail: expect.any(String) }]);
  }
});
