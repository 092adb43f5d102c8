import type { Context } from "hono";

/** A request, and its answer, as routes and middleware get it. */
export type HttpContext = Context<{ Bindings: Env }>;
