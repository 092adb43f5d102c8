/** Returns a value of API_KEYS with an entry for each key. */
export async function keysFor(keys: Readonly<Record<string, string>>): Promise<string> {
  const entries = Object.entries(keys).map(async ([key, tenant]) => `${tenant}=${await sha256(key)}`);
  return (await Promise.all(entries)).join(", ");
}

/** Returns the SHA-256 digest of a text, in hex. */
export async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
