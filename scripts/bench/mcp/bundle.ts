/** Makes the bundle in a process of its own: bundling takes memory that would slow the start of every git after it. */
import { bundleWorker } from "../../support/bundle.ts";

await bundleWorker();
