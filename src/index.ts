import { execute } from "./facade.ts";
import { createApp } from "./http/app.ts";
import { BROKER_PATHS, serveBroker } from "./http/routes/broker.ts";
import { mcpRoute } from "./http/routes/mcp.ts";
import { serveMetrics } from "./http/routes/metrics.ts";
import { addModelRoutes } from "./http/routes/for-models.ts";
import { addCheckRoutes } from "./http/routes/checks.ts";
import { addBundleRoute } from "./http/routes/bundle.ts";
import { addOperatorRoutes } from "./http/routes/operator.ts";
import { addOperatorRunRoutes } from "./http/routes/operator-runs.ts";
import { addRunRoute } from "./http/routes/run.ts";
import { addRunsRoutes } from "./http/routes/runs.ts";
import { addPageRoutes } from "./http/routes/dashboard.ts";
import { addSnapshotRoutes } from "./http/routes/snapshots.ts";
import { templateView } from "./workspace/template-view.ts";
import { scheduled } from "./workflows/schedule.ts";
import { endWorkspace, getWorkspace, listWorkspaces, pauseWorkspace } from "./workspace/workspaces.ts";

export { Metrics } from "./durable/Metrics.ts";
export { Runs } from "./durable/Runs.ts";
export { SandboxPool } from "./durable/SandboxPool.ts";
export { Run } from "./workflows/Run.ts";
export { TemplateBuild } from "./workflows/TemplateBuild.ts";

const app = createApp({ execute, listWorkspaces, getWorkspace, pauseWorkspace, endWorkspace, templateView });
for (const path of ["/mcp", "/mcp/"]) app.post(path, mcpRoute());
app.get("/metrics", serveMetrics);
addRunRoute(app);
addRunsRoutes(app);
addBundleRoute(app);
addCheckRoutes(app);
app.all(BROKER_PATHS, serveBroker);
addOperatorRoutes(app);
addOperatorRunRoutes(app);
addPageRoutes(app);
addSnapshotRoutes(app);
addModelRoutes(app);

export default Object.assign(app, { scheduled }) satisfies ExportedHandler<Env>;
