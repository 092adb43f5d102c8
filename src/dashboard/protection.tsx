import { useEffect, useState } from "preact/hooks";
import type { Api } from "./api.ts";
import type { Health } from "./types.ts";

const WORDS = {
  credentials: { broker: "stay with the service", env: "are in sandboxes while git uses them" },
  commits: { signed: "are signed", unsigned: "are not signed" },
  sandbox_egress: { sealed: "reach the service alone", open: "reach the internet" },
} as const;

/** How the settings protect credentials and work. They change with a deployment only, so they are asked for once. */
export function Protection({ api }: { api: Api }) {
  const [health, setHealth] = useState<Health>();
  useEffect(() => {
    // Without an answer the page says nothing; the overview tells of the trouble.
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
