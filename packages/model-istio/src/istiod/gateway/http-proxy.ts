import type { Origin } from "@hopscope/core";
import { connectionManager, rds, socket } from "../filter/filters.ts";
import { localhostOf } from "../inbound/ports.ts";
import type { Model } from "../model.ts";
import type { Json, Proxy } from "../types.ts";

/** The route configuration of clients that use the sidecar as their HTTP proxy. */
const HTTP_PROXY_ROUTE = "http_proxy";

/** The listener for clients that use the sidecar as their HTTP proxy, where the mesh has one (`listener.go buildHTTPProxy`). */
export function httpProxyListener(model: Model, proxy: Proxy, origins: Map<string, Origin>): readonly Json[] {
  const port = Number(model.mesh["proxyHttpPort"] ?? 0);
  if (port === 0) return [];
  const address = localhostOf(proxy);
  const name = `${address}_${port}`;
  const manager = connectionManager(model, { kind: "outbound", protocol: "HTTP_PROXY", statPrefix: `outbound_${name}`, route: rds(HTTP_PROXY_ROUTE) });
  const config = manager["typedConfig"] as Json;
  origins.set(`listener/${name}`, { object: "meshConfig.proxyHttpPort" });
  return [{
    name, address: socket(address, port), trafficDirection: "OUTBOUND",
    filterChains: [{ filters: [{ ...manager, typedConfig: { ...config, httpProtocolOptions: { allowAbsoluteUrl: true, ...(model.flags.http10 ? { acceptHttp10: true } : {}) } } }] }],
  }];
}
