import type { ProxySeries, Sample } from "./series.ts";

/** Upper bounds of the duration histogram that a proxy sends, in milliseconds. */
export const DURATION_BOUNDS: readonly number[] = [0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000];

/** Counters of a TCP connection; there is none that is a time. */
export const TCP_METRICS: readonly string[] = ["istio_tcp_connections_opened_total", "istio_tcp_connections_closed_total", "istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"];

/**
 * What Prometheus would hold if a journey were repeated once a second: one request draws nothing, for its counter
 * appears with 1 and never moves. Bytes are not known and count as 1.
 *
 * @see istio/proxy 1.18.7, istio_stats.cc; Envoy 1.26 default histogram buckets
 */
export function steadyTraffic(series: readonly ProxySeries[]): readonly Sample[] {
  return series.flatMap((one) => recorded(one).flatMap((sample) => kept(sample, one)));
}

/** A sample as the Telemetry objects leave it: not at all, or without some labels. */
function kept(sample: Sample, { overrides }: ProxySeries): readonly Sample[] {
  const family = sample.name.replace(/_(bucket|sum|count)$/, "");
  if (overrides?.disabled.has(family) === true) return [];
  const gone = overrides?.removed.get(family);
  return [gone === undefined ? sample : { ...sample, labels: Object.fromEntries(Object.entries(sample.labels).filter(([name]) => !gone.has(name))) }];
}

function recorded({ labels, duration }: ProxySeries): readonly Sample[] {
  if (duration === undefined) return TCP_METRICS.map((name) => ({ name, labels, value: 1 }));
  const ms = duration / 1e6;
  const bucket = (le: string, value: number): Sample => ({ name: "istio_request_duration_milliseconds_bucket", labels: { ...labels, le }, value });
  return [
    { name: "istio_requests_total", labels, value: 1 },
    ...DURATION_BOUNDS.map((bound) => bucket(String(bound), ms <= bound ? 1 : 0)),
    bucket("+Inf", 1),
    { name: "istio_request_duration_milliseconds_sum", labels, value: ms },
    { name: "istio_request_duration_milliseconds_count", labels, value: 1 },
  ];
}
