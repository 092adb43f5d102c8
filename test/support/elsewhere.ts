import { tmpdir } from "node:os";

// Outside the checkout, no relative path reads a file of it: the test's text then shows its reads
// (scripts/tests/inputs.ts).
process.chdir(tmpdir());
