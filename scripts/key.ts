import { ConfigError, parseConfig } from "../src/config.ts";
import { newKey, newLeaseKey, newSigningKey } from "./support/api-key.ts";
import { readArguments } from "./support/arguments.ts";

const USAGE = `npm run key -- <tenant> [--json]
npm run key -- --lease [--json]
npm run key -- --signing [--json]

Makes an API key for a tenant. Give the key to the tenant: it is kept nowhere. Add the entry to the
secret API_KEYS, which holds any number of entries with commas between them, several for one tenant
too (\`wrangler secret put API_KEYS\`). It holds only a hash, so nobody can get the key back from it.

  --lease    makes a key for the secret LEASE_KEY, with which the broker seals its leases
  --signing  makes a key for the secret SIGNING_KEY, which signs commits, and prints its public half
             for the git host: GitHub, Settings, SSH and GPG keys, New SSH key, key type Signing Key;
             GitLab, Preferences, SSH Keys, usage type Signing. The account's verified addresses must
             have GIT_USER_EMAIL.
  --json     prints {tenant, key, entry}, {lease_key} or {signing_key, public_key}`;

const { values, positionals } = readArguments(USAGE, {
  options: {
    json: { type: "boolean" },
    lease: { type: "boolean" },
    signing: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
  allowPositionals: true,
});
const [tenant] = positionals;
if (values.help) console.log(USAGE);
else if (values.lease) makeLeaseKey();
else if (values.signing) await makeSigningKey();
else if (tenant === undefined || positionals.length > 1) fail(USAGE);
else makeKey(tenant);

function makeLeaseKey(): void {
  const key = newLeaseKey();
  console.log(values.json ? JSON.stringify({ lease_key: key }) : key);
}

async function makeSigningKey(): Promise<void> {
  const { key, publicKey } = await newSigningKey();
  if (values.json) console.log(JSON.stringify({ signing_key: key, public_key: publicKey }));
  else console.log(`SIGNING_KEY  ${key}\npublic half  ${publicKey}`);
}

function makeKey(name: string): void {
  const { key, entry } = newKey(name);
  if (!isAccepted(name, entry)) fail(`A tenant is 1 to 64 letters, digits, '_', '.' or '-'; not '${name}'.`);
  else if (values.json) console.log(JSON.stringify({ tenant: name, key, entry }));
  else console.log(`key    ${key}\nentry  ${entry}`);
}

/** Whether the Worker's own parser accepts the printed entry. */
function isAccepted(name: string, entry: string): boolean {
  try {
    return parseConfig({ E2B_API_KEY: "not used", API_KEYS: entry }).apiKeys[0]?.tenant === name;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
