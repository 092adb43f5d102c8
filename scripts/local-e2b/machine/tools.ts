import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { STANDARD_PATH } from "./helper.ts";

/** Returns the full path of a program of the operating system. @throws Error that names the missing program */
export function findTool(name: string): string {
  for (const directory of STANDARD_PATH.split(":")) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Tries the next directory.
    }
  }
  throw new Error(`${name} is not installed`);
}
