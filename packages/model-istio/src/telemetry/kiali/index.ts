export { type DrawnEdge, edgesOfSeries } from "./edges-of-series.ts";
export { kialiGraph, type KialiGraph, kialiGraphs } from "./kiali-graph.ts";
export type { KialiEdge, KialiNode, PrintedTraffic } from "./print-graph.ts";
export { type AskedNode, type GraphType, type KialiQuestion, PAGE_APPENDERS, parseQuestion } from "./question.ts";
export { quantileOf } from "./quantile.ts";
export { rateOf, ratesOf, type Scraped } from "./rate.ts";
