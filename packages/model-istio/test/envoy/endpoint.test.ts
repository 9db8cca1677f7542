import type { Connection, EndpointContext, EndpointStep, Finding, Observation, Opening, Payload, Reply } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { envoyEndpoint, loadEnvoyConfig } from "../../src/envoy/index.ts";

const HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const TCP = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
const ROUTER = { name: "envoy.filters.http.router", typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } };
const MUTUAL = {
  name: "envoy.transport_sockets.tls",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", require_client_certificate: true, common_tls_context: { validation_context: {}, alpn_protocols: ["istio"] } },
};
const ISTIO = {
  name: "envoy.transport_sockets.tls",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", sni: "outbound_.80_._.web", common_tls_context: { alpn_protocols: ["istio"], tls_certificate_sds_secret_configs: [{ name: "default" }] } },
};
const address = (ip: string, port: number) => ({ socket_address: { address: ip, port_value: port } });
const host = (ip: string, port: number) => ({ endpoint: { address: address(ip, port) } });
const hcm = (cluster: string, extra: object = {}) => ({
  name: "http",
  typed_config: { "@type": HCM, route_config: { name: "r", virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ name: "default", match: { prefix: "/" }, route: { cluster, timeout: "0s", ...extra } }] }] }, http_filters: [ROUTER] },
});

function scene(config: object, replies: readonly Reply[] = []) {
  const openings: Opening[] = [];
  const steps: EndpointStep[] = [];
  const facts: Observation[] = [];
  const findings: Finding[] = [];
  let now = 0;
  const context: EndpointContext = {
    get now() {
      return now;
    },
    exchange: (opening) => {
      openings.push(opening);
      now += 1000;
      return replies[Math.min(openings.length, replies.length) - 1] ?? { type: "http", status: 200, headers: {}, by: "app", after: 1000 };
    },
    wait: (time) => void (now += time),
    record: (step) => void steps.push(step),
    observe: (fact) => void facts.push(fact),
    finding: (finding) => void findings.push(finding),
    caveat: () => undefined,
    choose: () => 0,
  };
  const endpoint = envoyEndpoint({ id: "gw", name: "gateway", identity: { namespace: "gw", object: "Pod demo/gw", uid: 1337, gid: 1337 }, config: loadEnvoyConfig(config), principal: "spiffe://cluster.local/ns/demo/sa/gw" });
  const connection = (port: number, extra: Partial<Connection> = {}): Connection => {
    const local = { address: "10.0.0.9", port };
    return { protocol: "tcp", source: { address: "10.0.0.1", port: 40000 }, local, originalDestination: local, ...extra };
  };
  return { endpoint, context, connection, openings, steps, facts, findings };
}

const get: Payload = { type: "http", request: { version: "1.1", method: "GET", scheme: "http", authority: "web", path: "/", headers: {} } };
const refused: Reply = { type: "reset", reason: "connect-refused", detail: "nothing listens", after: 0 };
const listener = (port: number, chains: readonly object[]) => ({ name: `0.0.0.0_${port}`, address: address("0.0.0.0", port), filter_chains: chains });

describe("an Envoy in a network", () => {
  it("opens a mutual TLS connection of its own to the endpoint of the route's cluster", () => {
    const s = scene({ listeners: [listener(80, [{ filters: [hcm("web")] }])], clusters: [{ name: "web", transport_socket: ISTIO, load_assignment: { endpoints: [{ lb_endpoints: [host("10.0.0.2", 8080)] }] } }] });
    expect(s.endpoint.accept(s.connection(80), s.context)).toBeUndefined();
    expect(s.endpoint.serve(get, s.connection(80), s.context)).toMatchObject({ type: "http", status: 200, by: "app", details: "via_upstream" });
    expect(s.openings[0]).toMatchObject({ to: { address: "10.0.0.2", port: 8080 }, identity: { uid: 1337 }, tls: { sni: "outbound_.80_._.web", clientIdentity: "spiffe://cluster.local/ns/demo/sa/gw" }, label: { cluster: "web", endpoint: "10.0.0.2:8080" } });
    expect(s.steps.map(({ stage }) => stage)).toEqual(["listener 0.0.0.0_80", "filter chain", "route", "cluster"]);
    expect(s.facts[0]).toMatchObject({ type: "envoy", proxy: "gateway", listener: "0.0.0.0_80", cluster: "web", endpoint: "10.0.0.2:8080", code: 200, flags: "-", details: "via_upstream" });
  });

  it("answers 503 UF where the application refuses, and binds the source that the cluster asks for", () => {
    const s = scene({ listeners: [listener(80, [{ filters: [hcm("app")] }])], clusters: [{ name: "app", upstream_bind_config: { source_address: { address: "127.0.0.6", port_value: 0 } }, load_assignment: { endpoints: [{ lb_endpoints: [host("10.0.0.2", 8080)] }] } }] }, [refused]);
    expect(s.endpoint.serve(get, s.connection(80), s.context)).toMatchObject({ type: "http", status: 503, by: "gw", flags: "UF" });
    expect(s.openings[0]?.source).toBe("127.0.0.6");
    expect(s.facts[0]).toMatchObject({ code: 503, flags: "UF", details: "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}" });
  });

  it("tries again as often as the retry policy says and marks the limit", () => {
    const retry_policy = { retry_on: "connect-failure,retriable-status-codes", num_retries: 2, retriable_status_codes: [503] };
    const s = scene({ listeners: [listener(80, [{ filters: [hcm("app", { retry_policy })] }])], clusters: [{ name: "app", load_assignment: { endpoints: [{ lb_endpoints: [host("10.0.0.2", 8080)] }] } }] }, [{ type: "http", status: 503, headers: {}, by: "sidecar", after: 0 }]);
    expect(s.endpoint.serve(get, s.connection(80), s.context)).toMatchObject({ status: 503, by: "sidecar" });
    expect(s.openings).toHaveLength(3);
    expect(s.facts[0]).toMatchObject({ flags: "URX", details: "via_upstream", attempts: 3 });
  });

  it("refuses a plaintext client where every chain asks for a certificate, and says so", () => {
    const s = scene({ listeners: [{ ...listener(80, [{ name: "strict", filter_chain_match: { transport_protocol: "tls" }, transport_socket: MUTUAL, filters: [hcm("app")] }]), listener_filters: [{ name: "envoy.filters.listener.tls_inspector" }] }], clusters: [] });
    expect(s.endpoint.serve(get, s.connection(80), s.context)).toMatchObject({ type: "reset", reason: "connection-reset" });
    expect(s.findings[0]).toMatchObject({ code: "mesh/mtls-required" });
    expect(s.facts[0]).toMatchObject({ code: 0, flags: "NR", details: "filter_chain_not_found" });
  });

  it("reports a subset that has no endpoint", () => {
    const metadata = { filter_metadata: { istio: { config: "/apis/networking.istio.io/v1alpha3/namespaces/demo/destination-rule/web", subset: "v9" } } };
    const s = scene({ listeners: [listener(80, [{ filters: [hcm("outbound|80|v9|web.demo.svc.cluster.local")] }])], clusters: [{ name: "outbound|80|v9|web.demo.svc.cluster.local", type: "EDS", metadata }], endpoints: [] });
    expect(s.endpoint.serve(get, s.connection(80), s.context)).toMatchObject({ status: 503, flags: "UH", details: "no_healthy_upstream" });
    expect(s.findings[0]).toMatchObject({ code: "mesh/subset-without-endpoints", origin: { object: "DestinationRule demo/web" } });
  });

  it("hands TCP through, with the client's own TLS", () => {
    const s = scene({ listeners: [listener(443, [{ filters: [{ name: "tcp", typed_config: { "@type": TCP, cluster: "db" } }] }])], clusters: [{ name: "db", load_assignment: { endpoints: [{ lb_endpoints: [host("10.0.0.3", 443)] }] } }] });
    const tls = { sni: "db.test", alpn: [], version: "1.3" as const };
    expect(s.endpoint.serve(get, s.connection(443, { tls }), s.context)).toMatchObject({ type: "http", status: 200, by: "app" });
    expect(s.openings[0]).toMatchObject({ tls, payload: get });
    expect(s.facts[0]).toMatchObject({ code: 0, flags: "-", details: null });
  });

  it("refuses a port at which no listener stands", () => {
    const s = scene({ listeners: [], clusters: [] });
    expect(s.endpoint.accept(s.connection(81), s.context)).toMatchObject({ type: "reset", reason: "connect-refused" });
  });
});
