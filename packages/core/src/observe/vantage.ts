/** A point on a leg's timeline between which a vantage measures. */
export type Moment = "syn sent" | "connected" | "request sent" | "request received" | "answer sent" | "answer received" | "closed";

/**
 * What kind of number it is. Only `round trip` is the RTT of a leg; a smoothed one holds the peer's think time, a request's
 * time all that lies behind the proxy, a connection's time its whole life, and counters and bytes are no time.
 */
export type Measure = "round trip" | "smoothed round trip" | "request" | "connection" | "bytes" | "count";

/** What one tool sees of one edge of a journey. */
export interface Seen {
  readonly vantage: "kiali" | "prometheus" | "jaeger" | "envoy-access-log" | "haproxy-log" | "netobserv" | "tcpdump" | "curl";
  readonly edge: { readonly from: string; readonly to: string };
  readonly sees: boolean;
  /** The metric, field or column that would hold it. */
  readonly what: string;
  readonly measures?: Measure;
  /** What the value spans, if it is a time. */
  readonly interval?: { readonly from: string; readonly to: string };
  /** Nanoseconds. */
  readonly value?: number;
  readonly why: string;
  /** The change that would make the tool see it. */
  readonly wouldIf?: string;
}
