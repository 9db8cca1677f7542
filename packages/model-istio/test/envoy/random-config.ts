import { randomFrom } from "@hopscope/core";

/** A random route table with one connection manager, and requests that fit its words. */
export function randomScene(seed: number, ports: { readonly listener: number; readonly upstream: number }): { readonly config: Record<string, unknown>; readonly requests: readonly RandomRequest[] } {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const maybe = (share: number): boolean => random() < share;
  const paths = ["/", "/a", "/a/b", "/A/b", "/ab", "/api/v1", "/x//y", "/a/../b", "/%61", "/a%2Fb", "/items/7", "/a/"];
  const hosts = ["shop.test", "SHOP.test", "a.shop.test", "shop.example:8080", "x.y", "db.local."];
  const stringMatch = (): object => {
    const value = pick(["a", "b", "ab", "1", "", "A"]);
    const kind = pick(["exact", "prefix", "suffix", "contains", "regex"]);
    if (kind === "regex") return { safe_regex: { regex: pick(["a.*", "[ab]+", "\\d+", "(?i)A"]) } };
    return { [kind]: value === "" && kind !== "exact" ? "a" : value, ignore_case: maybe(0.3) };
  };
  const headerMatch = (): object => {
    const name = pick(["x-a", "x-b", ":method", ":path"]);
    const rest = pick<object>([{ string_match: stringMatch() }, { present_match: maybe(0.5) }, { range_match: { start: "0", end: "10" } }, {}]);
    return { name, ...rest, ...(maybe(0.3) ? { invert_match: true } : {}), ...(maybe(0.3) ? { treat_missing_header_as_empty: true } : {}) };
  };
  const match = (): object => ({
    ...pick<object>([{ prefix: pick(paths) }, { path: pick(paths) }, { path_separated_prefix: pick(["/a", "/api", "/a/b"]) }, { safe_regex: { regex: pick(["/a.*", "/[ab]+", "/items/\\d+", "/a|/b", ".*"]) } }, { prefix: "/" }, { path_match_policy: { name: "m", typed_config: { "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig", path_template: pick(["/{x}/*", "/a/{y=**}", "/items/{id}", "/*"]) } } }]),
    ...(maybe(0.35) ? { headers: [headerMatch()] } : {}),
    ...(maybe(0.2) ? { query_parameters: [pick<object>([{ name: "q", string_match: stringMatch() }, { name: "q", present_match: maybe(0.6) }])] } : {}),
    ...(maybe(0.1) ? { grpc: {} } : {}),
  });
  const additions = (): object[] => [{ header: { key: pick(["x-a", "x-new", "x-b"]), value: pick(["s", "%REQ(X-A)%", "%REQ(:PATH)%", "%REQ(X-NONE?X-B):1%", "%ROUTE_NAME%", "%PROTOCOL%", "a%%b"]) }, append_action: pick(["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS", "OVERWRITE_IF_EXISTS_OR_ADD"]), keep_empty_value: maybe(0.3) }];
  const mutations = (): object => ({ ...(maybe(0.35) ? { request_headers_to_add: additions() } : {}), ...(maybe(0.2) ? { request_headers_to_remove: [pick(["x-a", "x-new", "x-b"])] } : {}) });
  const action = (): object => {
    if (maybe(0.2)) return { redirect: pick<object>([{ https_redirect: true }, { host_redirect: "new.test", port_redirect: 8443 }, { path_redirect: pick(["/n", "/n?z=1"]), strip_query: maybe(0.5) }, { prefix_rewrite: "/p", response_code: "FOUND" }, { regex_rewrite: { pattern: { regex: "/(\\w+)" }, substitution: "/r-\\1" }, strip_query: maybe(0.5) }, { scheme_redirect: "https", response_code: "SEE_OTHER" }]) };
    if (maybe(0.1)) return { direct_response: { status: pick([200, 204, 302, 418, 503]), ...(maybe(0.5) ? { body: { inline_string: "b" } } : {}) } };
    const rewrite = pick<object>([{}, {}, { prefix_rewrite: pick(["/", "/p", "/p/"]) }, { regex_rewrite: { pattern: { regex: "/(a|b)" }, substitution: pick(["/\\1x", "/"]) } }]);
    const host = pick<object>([{}, {}, { host_rewrite_literal: "lit.test" }, { host_rewrite_header: "x-b" }, { host_rewrite_path_regex: { pattern: { regex: "^/(\\w+).*$" }, substitution: "\\1" } }]);
    return { route: { ...pick<object>([{ cluster: "up" }, { cluster: "up" }, { cluster: "gone" }, { cluster: "empty" }, { cluster: "dead" }, { cluster_header: "x-b" }]), ...rewrite, ...host, append_x_forwarded_host: maybe(0.3), ...(maybe(0.3) ? { timeout: "7s" } : {}), ...(maybe(0.2) ? { retry_policy: { retry_on: "connect-failure", num_retries: 1, retry_back_off: { base_interval: "0.001s" } } } : {}) } };
  };
  let count = 0;
  const route = (): object => {
    const made = { name: `r${count++}`, match: match(), ...action(), ...mutations() };
    // Envoy refuses a prefix rewrite behind a template.
    return "path_match_policy" in made.match && JSON.stringify(made).includes('"prefix_rewrite"') ? { ...made, match: { prefix: "/" } } : made;
  };
  const domains = ["shop.test", "*.shop.test", "shop.*", "*.test", "db.local", "x.y", "a*"];
  const virtualHosts = [["*"], ...domains.filter(() => maybe(0.4)).map((domain) => [domain])].map((names, index) => ({ name: `v${index}`, domains: names, routes: Array.from({ length: 4 }, route), ...mutations(), ...(maybe(0.15) ? { require_tls: "ALL" } : {}), include_request_attempt_count: maybe(0.3) }));
  const principal = (): object => pick<object>([{ any: true }, { header: headerMatch() }, { not_id: { header: headerMatch() } }, { direct_remote_ip: { address_prefix: pick(["127.0.0.0", "10.0.0.0"]), prefix_len: 8 } }]);
  const rbac = { name: "rbac", typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC", rules: { action: pick(["ALLOW", "DENY"]), policies: { p0: { permissions: [pick<object>([{ any: true }, { url_path: { path: stringMatch() } }, { header: headerMatch() }])], principals: [principal()] }, p1: { permissions: [{ any: true }], principals: [{ and_ids: { ids: [principal(), principal()] } }] } } } } };
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "s", delayed_close_timeout: "0.01s",
    normalize_path: maybe(0.5), merge_slashes: maybe(0.4), use_remote_address: maybe(0.5), strip_any_host_port: maybe(0.4), strip_trailing_host_dot: maybe(0.4),
    path_with_escaped_slashes_action: pick(["KEEP_UNCHANGED", "REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD"]),
    route_config: { name: "rc", virtual_hosts: virtualHosts, validate_clusters: false, ignore_port_in_host_matching: maybe(0.4), most_specific_header_mutations_wins: maybe(0.4), ...mutations() },
    http_filters: [...(maybe(0.3) ? [rbac] : []), { name: "router", typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router", suppress_envoy_headers: maybe(0.3) } }],
  };
  const cluster = (name: string, port: number | undefined): object => ({ name, type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: name, endpoints: port === undefined ? [] : [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } }] }] } });
  const config = {
    static_resources: {
      listeners: [{ name: "l", address: { socket_address: { address: "127.0.0.1", port_value: ports.listener } }, filter_chains: [{ name: "c", filters: [{ name: "hcm", typed_config: manager }] }] }],
      clusters: [cluster("up", ports.upstream), cluster("empty", undefined), cluster("dead", 1)],
    },
  };
  const requests = Array.from({ length: 60 }, (): RandomRequest => ({
    method: pick(["GET", "POST", "PUT", "DELETE"]),
    authority: pick(hosts),
    path: pick(paths) + (maybe(0.4) ? pick(["?q=a", "?q", "?q=1&q=b", "?z=/../y"]) : ""),
    headers: [...(maybe(0.5) ? [["x-a", pick(["a", "ab", "1", "+3", "B"])] as const] : []), ...(maybe(0.4) ? [["x-b", pick(["up", "b", "7", "dead"])] as const] : []), ...(maybe(0.15) ? [["content-type", "application/grpc"] as const] : []), ...(maybe(0.2) ? [["x-forwarded-for", pick(["1.2.3.4", "1.2.3.4, 5.6.7.8"])] as const] : [])],
  }));
  return { config, requests };
}

export interface RandomRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
}
