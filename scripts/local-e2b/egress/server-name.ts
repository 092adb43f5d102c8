/** Server name in the first bytes of a connection; undefined if more bytes are needed. */
export type Named = { readonly name: string | undefined } | undefined;

const NAMELESS: Named = { name: undefined };
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** Bytes of the headers of the record, and of the message in it. */
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const VERSION_AND_RANDOM = 34;

/** Reads the Host of an HTTP request. */
export function httpName(bytes: Buffer): Named {
  const text = bytes.toString("latin1");
  const head = /^[A-Z]+ [^\r\n]*\r?\n(?<lines>[^]*?)\r?\n\r?\n/.exec(text)?.groups?.["lines"];
  if (head === undefined) return /^[A-Z]{0,20}(?:$| )/.test(text) ? undefined : NAMELESS;
  const host = /^host:[ \t]*([^\r\n]*?)[ \t]*$/im.exec(head)?.[1] ?? "";
  return { name: host.replace(/:\d+$/, "") || undefined };
}

/** Reads the server name of a TLS handshake (RFC 6066). */
export function tlsName(bytes: Buffer): Named {
  if (bytes.length < RECORD_HEADER) return bytes.length === 0 || bytes[0] === HANDSHAKE ? undefined : NAMELESS;
  if (bytes[0] !== HANDSHAKE) return NAMELESS;
  const record = bytes.subarray(RECORD_HEADER, RECORD_HEADER + bytes.readUInt16BE(3));
  if (record.length < bytes.readUInt16BE(3)) return undefined;
  try {
    return record[0] === CLIENT_HELLO ? { name: helloName(record.subarray(MESSAGE_HEADER)) } : NAMELESS;
  } catch (error) {
    // A length points past the end of the message.
    if (error instanceof RangeError) return NAMELESS;
    throw error;
  }
}

function helloName(hello: Buffer): string | undefined {
  // The extensions follow the session, the ciphers and the compressions.
  let at = VERSION_AND_RANDOM;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  at += 1 + hello.readUInt8(at);
  const end = at + 2 + hello.readUInt16BE(at);
  at += 2;
  while (at < end) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    // The list's length (2 bytes), the name's type (1) and the name's length (2) come before the single name.
    if (type === SERVER_NAME) return hello.toString("latin1", at + 9, at + 9 + hello.readUInt16BE(at + 7));
    at += 4 + length;
  }
  return undefined;
}
