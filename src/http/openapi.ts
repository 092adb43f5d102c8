import * as z from "zod/v4";
import { version } from "../../package.json";
import { ERROR_KINDS } from "../errors.ts";
import { clone } from "../ops/clone.ts";
import type { Operation } from "../ops/operation.ts";
import { OPERATIONS } from "../ops/registry.ts";
import { INPUT_EXAMPLES, PROBLEM_EXAMPLES } from "./examples.ts";
import {
  clonedSchema,
  ERROR_CODES,
  GIT_TOKEN,
  GIT_TOKEN_HEADER,
  healthSchema,
  problemSchema,
  workspaceListSchema,
  workspaceSchema,
} from "./schemas.ts";

/** JSON Schema as OpenAPI 3.1 takes it: draft 2020-12 is its own dialect, so nothing has to be converted. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    override({ jsonSchema: made }) {
      // An answer may get new members without breaking anybody.
      if (io === "output" && made.additionalProperties === false) delete made.additionalProperties;
    },
  });
  return rest;
}
