/** Number of random cases of a property that starts processes: a few in every run, many at night. */
export const FEW_RUNS = process.env["NIGHTLY"] === undefined ? 6 : 200;
