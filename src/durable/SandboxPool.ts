import { DurableObject } from "cloudflare:workers";
export class SandboxPool extends DurableObject<Env> {}
