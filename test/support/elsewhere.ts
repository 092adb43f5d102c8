import { tmpdir } from "node:os";

// A path that starts from the current folder leads nobody into the checkout: so what a test reads of it can be told from
// its text (scripts/tests/inputs.ts).
process.chdir(tmpdir());
