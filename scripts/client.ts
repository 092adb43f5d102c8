import { clientTypes } from "./client/generate.ts";
import { readArguments } from "./support/arguments.ts";
import { buildClient, TYPES_FILE } from "./support/client-package.ts";
import { replaceFile } from "./support/replace-file.ts";

const USAGE = `npm run client [-- --types]

Makes the types of the client, client/src/generated.ts, from the Worker's OpenAPI document, and builds
the package in client/dist. \`npm pack --workspace client\` makes its archive.

  --types  makes the types alone`;

const { values } = readArguments(USAGE, {
  options: { types: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
if (values.help) console.log(USAGE);
else {
  await replaceFile(TYPES_FILE, clientTypes());
  if (!values.types) await buildClient();
}
