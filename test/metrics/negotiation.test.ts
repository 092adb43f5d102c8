import { expect, test } from "vitest";
import { negotiated } from "../../src/metrics/negotiation.ts";

const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

test.each([
  [null, "text"],
  ["", "text"],
  ["*/*", "text"],
  ["text/plain", "text"],
  ["application/json", "text"],
  ["application/*", "text"],
  [PROMETHEUS_2, "openmetrics"],
  [PROMETHEUS_3, "openmetrics"],
  ["application/openmetrics-text", "openmetrics"],
  ["Application/OpenMetrics-Text; Version=1.0.0", "openmetrics"],
  ['application/openmetrics-text; version="1.0.0"; charset=utf-8', "openmetrics"],
  ["application/openmetrics-text; version=0.0.1", "text"],
  ["application/openmetrics-text; version=2.0.0", "text"],
  ["application/openmetrics-text;q=0", "text"],
  ["application/openmetrics-text;q=nonsense", "text"],
  ["application/openmetrics-text;q=0.4, text/plain;q=0.5", "text"],
  ["application/openmetrics-text;q=0.5, text/plain;q=0.5", "openmetrics"],
  ["application/openmetrics-text;q=0.5, text/plain;version=1.0.0;q=0.9", "openmetrics"],
  ["application/openmetrics-text;q=0.5, */*", "text"],
  ["text/plain;q=0.5 , application/openmetrics-text;q=0.7", "openmetrics"],
  [",;,=;q", "text"],
] as const)("Accept: %s is answered with %s", (accept, format) => {
  expect(negotiated(accept)).toBe(format);
});
