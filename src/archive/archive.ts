import * as z from "zod/v4";
import type { WorkFacts } from "../ops/probes/unpushed-work.ts";

/** The owner of saved work. */
interface Owner {
  readonly tenant: string;
  readonly sandboxId: string;
}

/** The facts of saved work in R2's custom metadata, which stores only text. */
const metadataSchema = z.object({
  head: z.string(),
  branch: z.string(),
  bundle: z.coerce.number(),
  patch: z.coerce.number(),
});

/** Facts that are sent with a download. */
type SavedFacts = Pick<WorkFacts, "head" | "branch" | "bundleBytes" | "patchBytes" | "tarBytes">;

/** Unpushed work as a tar. */
export interface SavedWork {
  readonly facts: SavedFacts;
  readonly body: ReadableStream<Uint8Array>;
}

/** The saved work of dropped workspaces in an R2 bucket, one object for each. */
export class Archive {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  /** Stores work, and replaces the work of an earlier attempt. Stores nothing if the body breaks off. */
  async put(owner: Owner, { facts, body }: SavedWork): Promise<void> {
    const { head, branch, bundleBytes, patchBytes } = facts;
    const customMetadata = { head, branch, bundle: String(bundleBytes), patch: String(patchBytes) };
    await this.#bucket.put(keyOf(owner), body, { customMetadata });
  }

  /** Returns saved work; undefined: there is none. */
  async get(owner: Owner): Promise<SavedWork | undefined> {
    const object = await this.#bucket.get(keyOf(owner));
    const metadata = metadataSchema.safeParse(object?.customMetadata);
    if (!object || !metadata.success) return undefined;
    const { head, branch, bundle, patch } = metadata.data;
    const facts = { head, branch, bundleBytes: bundle, patchBytes: patch, tarBytes: object.size };
    return { facts, body: object.body };
  }

  async delete(owner: Owner): Promise<void> {
    await this.#bucket.delete(keyOf(owner));
  }
}

/** Returns the archive; undefined: the operator has bound no bucket, so nothing is saved. */
export function archiveOf({ ARCHIVE }: Pick<Env, "ARCHIVE">): Archive | undefined {
  return ARCHIVE && new Archive(ARCHIVE);
}

const keyOf = ({ tenant, sandboxId }: Owner) => `${tenant}/${sandboxId}.tar`;
