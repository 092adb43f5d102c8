import { spawnSync } from "node:child_process";

/** Whether this machine can verify signatures as git does. */
export const HAS_SSH_KEYGEN = spawnSync("ssh-keygen", ["-?"]).error === undefined;
