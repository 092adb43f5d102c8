import { useEffect, useState } from "preact/hooks";
import type { Api } from "./api.ts";
import type { Health } from "./types.ts";

const WORDS = {
  credentials: { broker: "stay with the service", env: "are in sandboxes while git uses them" },
  commits: { signed: "are signed", unsigned: "are not signed" },
  sandbox_egress: { sealed: "reach the service alone", open: "reach the internet" },
} as const;

/** Shows how the settings protect credentials and work. They change only with a deployment, so they are loaded once. */
export function Protection({ api }: { api: Api }) {
  const [health, setHealth] = useState<Health>();
  useEffect(() => {
    // Shows nothing after a failure, which the overview reports.
    api.health().then(setHealth, () => undefined);
  }, [api]);
  if (health === undefined) return null;
  return (
    <footer class="muted">
      Credentials {WORDS.credentials[health.credentials]}. Commits {WORDS.commits[health.commits]}. Sandboxes{" "}
      {WORDS.sandbox_egress[health.sandbox_egress]}.
    </footer>
  );
}
