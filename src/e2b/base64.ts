import { E2bError } from "./error.ts";

/** Characters of one `String.fromCharCode`: its parameters go on the stack. */
const MAX_PARAMETERS = 8192;

/** Throws `protocol` when `text` is not base64. */
export function decodeBase64(text: string): Uint8Array {
  try {
    const type: object = Uint8Array;
    if (hasFromBase64(type)) return type.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    throw new E2bError("protocol", "The sandbox sent process output that is not base64. The process may be running.", {
      started: true,
    });
  }
}

export function encodeBase64(bytes: Uint8Array): string {
  const own: object = bytes;
  if (hasToBase64(own)) return own.toBase64();
  let binary = "";
  for (let at = 0; at < bytes.length; at += MAX_PARAMETERS) {
    binary += String.fromCharCode(...bytes.subarray(at, at + MAX_PARAMETERS));
  }
  return btoa(binary);
}

/** ES2026 and many times faster: workerd has both, Node 24 neither yet. */
function hasFromBase64(type: object): type is { fromBase64(text: string): Uint8Array } {
  return "fromBase64" in type;
}

function hasToBase64(bytes: object): bytes is { toBase64(): string } {
  return "toBase64" in bytes;
}
