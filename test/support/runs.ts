/** Random cases of a property that starts processes for each: a few with every run, many at night. */
export const FEW_RUNS = process.env["NIGHTLY"] === undefined ? 6 : 200;
