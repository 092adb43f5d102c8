import { compare } from "./simulate/compare.ts";
import { readTrace } from "./simulate/csv.ts";
import { synthesise } from "./simulate/workload.ts";
const f=process.argv[2]??"2000"; const t0=Date.now();
const traces=f.endsWith("csv")?[readTrace(f)]:[1,2,3].map(seed=>synthesise(f,{sessionsPerDay:Number(f),days:7,seed}));
for(const l of compare(traces)) console.log(l.policy.padEnd(75),l.usd_month.toFixed(0).padStart(7),(100*l.starts_within_1_5s).toFixed(1).padStart(6),l.mean_wait_s.toFixed(2).padStart(8),l.j_over_bound.toFixed(3).padStart(8)); console.log(Date.now()-t0,"ms");
console.log(lines[0])
