import { reset } from "cloudflare:test";
import { beforeAll } from "vitest";

// Files share a runtime, and with it Durable Objects of the same name: each begins with none.
beforeAll(reset);
