import { ConnectError } from "./error.ts";

/** Connect protocol, streaming RPCs: each message is flags (1 byte), length (4 bytes, big-endian), payload. */
const HEADER_BYTES = 5;
const FLAG_COMPRESSED = 0x01;
const FLAG_END_STREAM = 0x02;

export function messageFrame(json: string): Buffer {
  return frame(0, json);
}

/** Returns the last frame of a stream: `{}`, or the error that ended it. */
export function endFrame(error?: ConnectError): Buffer {
  return frame(FLAG_END_STREAM, error === undefined ? "{}" : JSON.stringify({ error }));
}

/** Returns the JSON of the single message in a server-streaming request. @throws ConnectError */
export function parseRequestFrame(body: Buffer): unknown {
  if (body.length < HEADER_BYTES) throw new ConnectError("invalid_argument", "the stream holds no message");
  if ((body.readUInt8(0) & FLAG_COMPRESSED) !== 0) {
    throw new ConnectError("unimplemented", "compressed messages are not supported");
  }
  const length = body.readUInt32BE(1);
  if (body.length < HEADER_BYTES + length) throw new ConnectError("invalid_argument", "the message is cut off");
  return parseJson(body.subarray(HEADER_BYTES, HEADER_BYTES + length));
}

/** @throws ConnectError */
export function parseJson(body: Buffer): unknown {
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    throw new ConnectError("invalid_argument", "the message is not JSON");
  }
}

function frame(flags: number, json: string): Buffer {
  const length = Buffer.byteLength(json);
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + length);
  buffer.writeUInt8(flags, 0);
  buffer.writeUInt32BE(length, 1);
  buffer.write(json, HEADER_BYTES, "utf8");
  return buffer;
}
