/** A scenario, or one check of it, that fails for a lasting reason. */
export interface ExpectedFailure {
  /** `scenario` or `scenario:check`. */
  readonly entry: string;
  readonly reason: string;
}

export const REVISIONS = ["2026-07-28", "2025-11-25"] as const;
export type Revision = (typeof REVISIONS)[number];

/** The tested server: the product's own endpoint, or the same transport with the tools that the suite names. */
export const TARGETS = ["product", "fixture"] as const;
export type Target = (typeof TARGETS)[number];

const NO_FIXTURE = "calls a tool that only the fixture has, where it passes";
const TOOLS_ONLY = "the product offers tools and nothing else";
const NO_WAY_BACK =
  "the server would have to ask the client and get the answer in another request, which needs a session";
const NO_SESSION = "a subscription of this revision lives in a session";
const NO_STREAMS = "a warning: streams that outlive their request need a session";

const fails = (reason: string, ...entries: string[]) => entries.map((entry) => ({ entry, reason }));

/** Expected failures; warnings count as failures. A run fails on any other failure, and on an entry that passes. */
export const EXPECTED: Readonly<Record<Target, Readonly<Record<Revision, readonly ExpectedFailure[]>>>> = {
  product: {
    "2026-07-28": [
      ...fails(
        NO_FIXTURE,
        "server-stateless:sep-2575-server-rejects-undeclared-capability",
        "server-stateless:sep-2575-missing-capability-http-400",
        "server-stateless:sep-2575-http-server-no-independent-requests-on-stream",
        "server-stateless:sep-2575-server-no-log-without-loglevel",
      ),
      ...fails(
        TOOLS_ONLY,
        "caching:sep-2549-prompts-list-caching-hints",
        "caching:sep-2549-resources-list-caching-hints",
        "caching:sep-2549-resources-templates-list-caching-hints",
      ),
    ],
    "2025-11-25": [],
  },
  fixture: {
    "2026-07-28": [],
    "2025-11-25": [
      ...fails(
        NO_WAY_BACK,
        "tools-call-sampling",
        "tools-call-elicitation",
        "elicitation-sep1034-defaults",
        "elicitation-sep1330-enums",
      ),
      ...fails(NO_SESSION, "resources-subscribe", "resources-unsubscribe"),
      ...fails(NO_STREAMS, "server-sse-multiple-streams", "server-sse-polling"),
    ],
  },
};

/**
 * Scenarios that apply to a server with tools of its own. The fixture runs all scenarios that the revision requires,
 * according to the suite's own list.
 */
export const PRODUCT_SCENARIOS: Readonly<Record<Revision, readonly string[]>> = {
  "2026-07-28": [
    "server-stateless",
    "tools-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
    "caching",
    "http-header-validation",
  ],
  "2025-11-25": ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"],
};
