import type { Journey, Leg, Seen } from "@hopscope/core";
import type { Snapshot } from "@hopscope/model-kubernetes";
import { edgesOfSeries, type ProxySeries, seriesOf } from "@hopscope/model-istio";

const nodeName = (id: string): string => {
  if (id === "unknown_unknown_source") return "unknown";
  const [kind, , namespace = "", ...name] = id.split("_");
  const full = namespace === "unknown" ? name.join("_") : `${namespace}/${name.join("_")}`;
  return `${kind === "svc" ? "service" : "workload"} ${full}`;
};

const nameOf = (party: Leg["from"]): string => party.object ?? party.address;

function drawn(one: ProxySeries, sees: boolean, target: { readonly source: string; readonly target: string; readonly timed: boolean }): Seen {
  const edge = { from: nodeName(target.source), to: nodeName(target.target) };
  const base = { vantage: "kiali", edge, sees } as const;
  if (one.duration === undefined) {
    return { ...base, what: "istio_tcp_received_bytes_total", why: "a TCP edge: bytes per second only, never a time, for no istio TCP metric has one.", wouldIf: "for a response time (no RTT): the port's protocol were http." };
  }
  if (!target.timed) return { ...base, what: "istio_requests_total", why: "rate only: Kiali puts the response time on the edge from the service to its workload." };
  const external = target.target.startsWith("svc_unknown");
  return {
    ...base,
    what: "istio_request_duration_milliseconds",
    interval: { from: "request received by the proxy", to: "last byte of the answer sent" },
    value: one.duration,
    why: `a response time of the ${one.labels["reporter"] === "destination" ? "server's" : "client's"} proxy, not an RTT${external ? "; it vanishes where Kiali recognises a ServiceEntry" : ""}. One request alone draws nothing.`,
    wouldIf: "shown once the Response Time label is ticked.",
  };
}

/** The edges that Kiali draws of a journey, then the legs that it cannot draw; and what Prometheus holds of each. */
export function graphViews(journey: Journey, snapshot: Snapshot): readonly Seen[] {
  const series = [...seriesOf(journey, snapshot)].sort((a, b) => Number(b.labels["reporter"] === "destination") - Number(a.labels["reporter"] === "destination"));
  const rows: Seen[] = [];
  for (const one of series) {
    const tcp = one.duration === undefined;
    for (const pair of edgesOfSeries(one.labels, { graphType: "versionedApp", injectServiceNodes: true, istioNamespace: "istio-system" })) rows.push(drawn(one, true, pair));
    const [plain] = edgesOfSeries(one.labels, { graphType: "workload", injectServiceNodes: false, istioNamespace: "istio-system" });
    if (plain === undefined) continue;
    rows.push({
      vantage: "prometheus",
      edge: { from: nodeName(plain.source), to: nodeName(plain.target) },
      sees: true,
      what: tcp ? "istio_tcp_sent_bytes_total" : "istio_request_duration_milliseconds",
      interval: tcp ? undefined : { from: "request received by the proxy", to: "last byte of the answer sent" },
      value: one.duration,
      why: tcp ? "bytes and connections; no TCP metric is a time." : `reporter="${one.labels["reporter"] ?? ""}": the request in this proxy with all behind it, not an RTT.`,
    });
  }
  for (const leg of journey.legs) {
    if (leg.protocol === "udp" || leg.protocol === "icmp") continue;
    const why = undrawn(leg, series);
    if (why !== undefined) rows.push({ vantage: "kiali", edge: { from: nameOf(leg.from), to: nameOf(leg.to) }, sees: false, what: "istio_requests_total", why });
  }
  return rows;
}

function undrawn(leg: Leg, series: readonly ProxySeries[]): string | undefined {
  if (leg.from.object !== undefined && leg.from.object === leg.to.object) return "between a sidecar and its own application: metrics are made for the way between the proxies.";
  const server = series.find((one) => one.leg === leg.id);
  const client = series.find((one) => one.leg === leg.parent);
  if (client !== undefined || server?.labels["reporter"] === "destination") return undefined;
  if (server !== undefined) return "a gateway reports only as source: what comes to it from outside is in no metric.";
  return "no mesh proxy at either end, so no istio metric.";
}
