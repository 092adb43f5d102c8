import { randomBytes } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ApiError } from "../http/reply.ts";

/** Archives of files for COPY steps, by team and content hash. */
export class Uploads {
  readonly #dir: string;
  readonly #links = new Map<string, string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Returns the host path of an archive, present or not. @throws ApiError 400 */
  path(team: string, hash: string): string {
    if (!/^[0-9A-Za-z]+$/.test(hash)) throw new ApiError(400, "Invalid files hash");
    return join(this.#dir, team, `${hash}.tar`);
  }

  /** @returns whether the archive is present, and the secret part of the URL for its upload */
  link(team: string, hash: string): { readonly present: boolean; readonly token: string } {
    const path = this.path(team, hash);
    const token = randomBytes(16).toString("hex");
    this.#links.set(token, path);
    return { present: existsSync(path), token };
  }

  /** Stores the body of a PUT. The archive appears only when it is complete. @throws ApiError 404 */
  async receive(token: string, request: IncomingMessage): Promise<void> {
    const path = this.#links.get(token);
    if (path === undefined) throw new ApiError(404, "there is no such upload link");
    await mkdir(join(path, ".."), { recursive: true });
    await pipeline(request, createWriteStream(`${path}.${token}`));
    await rename(`${path}.${token}`, path);
    this.#links.delete(token);
  }
}
