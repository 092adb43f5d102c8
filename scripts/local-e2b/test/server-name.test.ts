import { createServer } from "node:net";
import { connect } from "node:tls";
import { describe, expect, it } from "vitest";
import { httpName, type Named, tlsName } from "../egress/server-name.ts";

/** Returns the first bytes of a TLS client. */
function hello(options: { readonly servername?: string }): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (bytes: Buffer) => {
        socket.destroy();
        server.close();
        resolve(bytes);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") return;
      connect({ host: "127.0.0.1", port: address.port, ...options }).on("error", () => undefined);
    });
  });
}

/** Returns the names found in ever longer parts of the bytes, without repetitions. */
function growing(bytes: Buffer, nameIn: (bytes: Buffer) => Named): readonly Named[] {
  const known = Array.from({ length: bytes.length + 1 }, (_, length) => nameIn(bytes.subarray(0, length)));
  return known.filter((named, index) => index === 0 || JSON.stringify(named) !== JSON.stringify(known[index - 1]));
}

describe("the name of a server", () => {
  it("is known once a TLS greeting is whole", async () => {
    expect(growing(await hello({ servername: "git.example" }), tlsName)).toEqual([undefined, { name: "git.example" }]);
    expect(growing(await hello({}), tlsName)).toEqual([undefined, { name: undefined }]);
  });

  it("is known once the head of an HTTP request is whole", () => {
    const head = "GET /x HTTP/1.1\r\nAccept: a\r\nhost:  git.example:80 \r\n\r\n";
    expect(growing(Buffer.from(head), httpName)).toEqual([undefined, { name: "git.example" }]);
    expect(growing(Buffer.from("GET / HTTP/1.0\r\nA: b\r\n\r\n"), httpName)).toEqual([undefined, { name: undefined }]);
  });

  it("is not waited for where another protocol is spoken", async () => {
    expect(httpName(Buffer.from("SSH-2.0-x\r\n"))).toEqual({ name: undefined });
    expect(tlsName(Buffer.from("GET / HTTP/1.0\r\n"))).toEqual({ name: undefined });
    const cut = await hello({ servername: "git.example" });
    // The session's length points past the end of the client's hello.
    cut[43] = 255;
    cut.writeUInt16BE(100, 3);
    expect(tlsName(cut)).toEqual({ name: undefined });
  });
});
