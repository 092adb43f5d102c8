import type { Bundle } from "./bundle.ts";

export interface WorkerdConfigInput {
  readonly bundle: Bundle;
  /** Names of the text bindings; workerd takes their values from its own environment. */
  readonly environment: readonly string[];
  /** Folder that holds the Durable Objects' databases. */
  readonly storage: string;
  readonly port: number;
}

/** A configuration in Cap'n Proto's text format (schema: node_modules/workerd/workerd.capnp). */
export function workerdConfig({ bundle, environment, storage, port }: WorkerdConfigInput): string {
  const modules = bundle.modules.map(({ name, kind }) => `(name = ${text(name)}, ${kind} = embed ${text(`/${name}`)})`);
  const bindings = [
    ...environment.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`),
    ...bundle.durableObjectBindings.map(
      ({ name, className }) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
    ),
  ];
  const namespaces = bundle.durableObjectClasses.map(
    ({ name, sqlite }) => `(className = ${text(name)}, uniqueKey = ${text(`warmtree-${name}`)}, enableSql = ${sqlite})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "storage", disk = (path = ${text(storage)}, writable = true)),
    # The public Internet, and the local sandbox host and sample remote, which listen on loopback.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = ${list(modules)},
  compatibilityDate = ${text(bundle.compatibilityDate)},
  compatibilityFlags = ${list(bundle.compatibilityFlags.map(text))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "storage"),
);
`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "[]" : `[\n    ${items.join(",\n    ")},\n  ]`;
}

/** Cap'n Proto text literals share JSON's escapes for what names and paths contain. */
function text(value: string): string {
  return JSON.stringify(value);
}
