import type { Bundle } from "./bundle.ts";
import { R2_BUCKET, R2_ENTRY, WORKFLOW_MODULES, WORKFLOWS_ENGINE } from "./workflows-engine.ts";

export interface WorkerdConfigInput {
  readonly bundle: Bundle;
  /** Names of the text bindings; workerd takes their values from its own environment. */
  readonly environment: readonly string[];
  /** Folder that holds the Durable Objects' databases. */
  readonly storage: string;
  /** Folder that holds the state of Workflows. */
  readonly workflowStorage: string;
  /** Folder that holds the bucket of saved work. */
  readonly archiveStorage: string;
  readonly port: number;
}

/** Returns a configuration in Cap'n Proto's text format (schema: node_modules/workerd/workerd.capnp). */
export function workerdConfig(input: WorkerdConfigInput): string {
  const { bundle, environment, storage, workflowStorage, archiveStorage, port } = input;
  const modules = bundle.modules.map(({ name, kind }) => `(name = ${text(name)}, ${kind} = embed ${text(`/${name}`)})`);
  const bindings = [
    ...environment.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`),
    ...bundle.durableObjectBindings.map(
      ({ name, className }) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
    ),
    ...bundle.workflows.map(
      ({ name, binding }) =>
        `(name = ${text(binding)}, wrapped = (moduleName = "workflow-binding", innerBindings = [(name = "binding", ` +
        `service = (name = ${text(`workflow:${name}`)}, entrypoint = "WorkflowBinding"))]))`,
    ),
  ];
  bindings.push(`(name = "ARCHIVE", r2Bucket = "archive")`);
  const namespaces = bundle.durableObjectClasses.map(
    ({ name, sqlite }) => `(className = ${text(name)}, uniqueKey = ${text(`warmtree-${name}`)}, enableSql = ${sqlite})`,
  );
  const extensionModules = WORKFLOW_MODULES.map(
    ({ name, path, internal }) => `(name = ${text(name)}, internal = ${internal}, esModule = embed ${text(path)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "storage", disk = (path = ${text(storage)}, writable = true)),
    (name = "workflow-storage", disk = (path = ${text(workflowStorage)}, writable = true)),
    (name = "archive-storage", disk = (path = ${text(archiveStorage)}, writable = true)),${ARCHIVE}${bundle.workflows.map(engine).join("")}
    # The public Internet, and the local sandbox host and sample remote, which listen on loopback.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "worker")],
  extensions = [(modules = ${list(extensionModules)})],
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

/** The services of the bucket, configured as in Miniflare (its src/plugins/r2). */
const ARCHIVE = `
    (name = "archive", worker = (
      modules = [(name = "entry.mjs", esModule = embed ${text(R2_ENTRY)})],
      compatibilityDate = "2023-07-24",
      compatibilityFlags = ["nodejs_compat", "experimental"],
      bindings = [
        (name = "MINIFLARE_NAMESPACE", text = "warmtree-archive"),
        (name = "MINIFLARE_OBJECT", durableObjectNamespace = (className = "R2BucketObject", serviceName = "archive-bucket")),
      ],
    )),
    (name = "archive-bucket", worker = (
      modules = [(name = "bucket.mjs", esModule = embed ${text(R2_BUCKET)})],
      compatibilityDate = "2023-07-24",
      compatibilityFlags = ["nodejs_compat", "experimental"],
      durableObjectNamespaces = [(className = "R2BucketObject", enableSql = true, uniqueKey = "warmtree-archive")],
      durableObjectStorage = (localDisk = "archive-storage"),
      bindings = [(name = "MINIFLARE_BLOBS", service = "archive-storage")],
    )),`;

/** Returns the service of one Workflow, configured as in Miniflare (its src/plugins/workflows). */
function engine({ name, binding, className }: Bundle["workflows"][number]): string {
  return `
    (name = ${text(`workflow:${name}`)}, worker = (
      modules = [(name = "engine.mjs", esModule = embed ${text(WORKFLOWS_ENGINE)})],
      compatibilityDate = "2024-10-22",
      compatibilityFlags = ["experimental"],
      durableObjectNamespaces = [
        (className = "Engine", enableSql = true, uniqueKey = ${text(`warmtree-workflow-${name}`)}, preventEviction = true),
      ],
      durableObjectStorage = (localDisk = "workflow-storage"),
      bindings = [
        (name = "ENGINE", durableObjectNamespace = (className = "Engine")),
        (name = "USER_WORKFLOW", service = (name = "worker", entrypoint = ${text(className)})),
        (name = "BINDING_NAME", json = ${text(JSON.stringify(binding))}),
        (name = "WORKFLOW_NAME", json = ${text(JSON.stringify(name))}),
        (name = "WORKFLOW_STORAGE", service = "workflow-storage"),
      ],
    )),`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "[]" : `[\n    ${items.join(",\n    ")},\n  ]`;
}

/** Returns a Cap'n Proto text literal, which has JSON's escapes for the characters of names and paths. */
function text(value: string): string {
  return JSON.stringify(value);
}
