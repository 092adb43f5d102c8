/** Groups of routes, as a viewer of the OpenAPI document shows them; the first prefix that fits decides. */
const GROUPS = [
  { name: "git", description: "Operations on a workspace. Start with clone.", prefixes: ["/v1/git/"] },
  {
    name: "runs",
    description: "Several steps in one request, or as a run that outlives its connection.",
    prefixes: ["/v1/run"],
  },
  { name: "workspaces", description: "Your workspaces: list, pause, end.", prefixes: ["/v1/workspaces"] },
  { name: "snapshots", description: "Repository snapshots make clones fast.", prefixes: ["/v1/snapshots"] },
  { name: "webhooks", description: "Events, sent to URLs of yours.", prefixes: ["/v1/webhooks"] },
  { name: "mcp", description: "The same operations as MCP tools.", prefixes: ["/mcp"] },
  {
    name: "operator",
    description: "What the dashboard at / shows and does, over all tenants.",
    prefixes: ["/v1/operator/"],
  },
  { name: "service", description: "Health, template and metrics.", prefixes: ["/"] },
] as const;

export const TAGS: readonly object[] = GROUPS.map(({ name, description }) => ({ name, description }));

const METHODS: ReadonlySet<string> = new Set(["get", "post", "delete"]);

/** Gives each operation of the paths the tag of its group. */
export function tagged(paths: Readonly<Record<string, object>>): object {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => {
      const group = GROUPS.find(({ prefixes }) => prefixes.some((prefix) => path.startsWith(prefix)));
      const parts = Object.entries<unknown>({ ...item }).map(([key, part]) =>
        METHODS.has(key) && typeof part === "object" ? [key, { tags: [group?.name], ...part }] : [key, part],
      );
      return [path, Object.fromEntries(parts)];
    }),
  );
}
