export * from "./kiali/index.ts";
export { type Labels as SeriesLabels, type ProxySeries, type Sample, seriesOf } from "./series.ts";
export { type MetricOverrides, overridesOf } from "./overrides.ts";
export * from "./validate/index.ts";
export { DURATION_BOUNDS, steadyTraffic, TCP_METRICS } from "./steady-traffic.ts";
