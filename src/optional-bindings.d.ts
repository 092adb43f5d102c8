/** Bindings that an operator may add to wrangler.toml (docs/settings.md). The generated env.d.ts lacks them. */
interface __BaseEnv_Env {
  /** Stores the unpushed work of dropped workspaces. */
  readonly ARCHIVE?: R2Bucket;
}
