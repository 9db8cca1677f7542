export { edgesOfSeries, type GraphQuestion, type KialiEdge, kialiEdges, quantileOf } from "./graph.ts";
export { type Labels as SeriesLabels, type ProxySeries, type Sample, seriesOf } from "./series.ts";
