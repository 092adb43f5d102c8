import type * as z from "zod/v4";
import { apply } from "./apply.ts";
import { blame } from "./blame.ts";
import { branch } from "./branch.ts";
import { clone } from "./clone.ts";
import { diff } from "./diff.ts";
import { edit } from "./edit.ts";
import { log } from "./log.ts";
import type { Operation } from "./operation.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { read } from "./read.ts";
import { restore } from "./restore.ts";
import { search } from "./search.ts";
import { status } from "./status.ts";
import { tag } from "./tag.ts";

/** Every operation except clone works in an existing workspace. */
type InWorkspace = Operation<z.ZodType<{ sandbox_id: string }>>;

const IN_WORKSPACE: readonly InWorkspace[] = [
  status,
  diff,
  read,
  edit,
  search,
  log,
  blame,
  branch,
  pull,
  push,
  restore,
  apply,
  tag,
];

/** All operations, in the order in which they are listed. */
export const OPERATIONS: readonly Operation[] = [clone, ...IN_WORKSPACE];

const byName = new Map(IN_WORKSPACE.map((operation) => [operation.name, operation]));

/** An operation on a workspace; undefined for clone, which makes a workspace, and for other names. */
export const operationNamed = (name: string): InWorkspace | undefined => byName.get(name);
