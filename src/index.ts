import { execute } from "./facade.ts";
import { createApp } from "./http/app.ts";
import { endWorkspace, getWorkspace, listWorkspaces } from "./workspaces.ts";

export { SandboxPool } from "./durable/SandboxPool.ts";

export default createApp({ execute, listWorkspaces, getWorkspace, endWorkspace }) satisfies ExportedHandler<Env>;
