import type { Resource } from "@hopscope/model-kubernetes";
import { selects } from "../mesh/config-order.ts";
import type { Instance } from "../inbound/ports.ts";
import { instancesOf } from "../inbound/ports.ts";
import type { Model } from "../model.ts";
import { isHttp, parseProtocol } from "../mesh/protocol.ts";
import type { ServerTls } from "../cluster/tls-context.ts";
import type { Port, Proxy } from "../types.ts";

interface ServerSpec { readonly name?: string; readonly port?: { readonly number: number; readonly name?: string; readonly protocol?: string }; readonly hosts?: readonly string[]; readonly tls?: ServerTls; readonly bind?: string }
interface GatewaySpec { readonly selector?: Readonly<Record<string, string>>; readonly servers?: readonly ServerSpec[] }

/** One server of a Gateway that this proxy serves. */
export interface GatewayServer {
  readonly gateway: Resource;
  readonly gatewayName: string;
  readonly server: ServerSpec;
  /** The server's hosts, `namespace/host` where only that namespace's VirtualServices may use one. */
  readonly hosts: readonly string[];
  readonly port: Port;
  /** Port the pod listens on. */
  readonly listen: number;
  readonly bind: string;
  /** The route configuration its connections use; empty where bytes are passed on unread. */
  readonly routeName: string;
  readonly path: string;
}

/** The servers that share one port of the pod, and one protocol. */
export interface ServerGroup { readonly listen: number; readonly bind: string; readonly protocol: Port["protocol"]; readonly routeName: string; readonly servers: GatewayServer[] }

export interface MergedGateways {
  readonly groups: readonly ServerGroup[];
  readonly byRoute: ReadonlyMap<string, readonly GatewayServer[]>;
  readonly autoPassthrough: boolean;
}

export const isPassthrough = (server: ServerSpec): boolean => server.tls?.mode === "PASSTHROUGH" || server.tls?.mode === "AUTO_PASSTHROUGH";
const isHttpServer = (server: GatewayServer): boolean => isHttp(server.port.protocol) || isTerminatedHttps(server);

/** Says whether a server ends TLS itself and reads HTTP inside. */
export const isTerminatedHttps = (server: GatewayServer): boolean => server.port.protocol === "HTTPS" && server.server.tls !== undefined && !isPassthrough(server.server);

const INTERNAL_SERVICE = "internal.istio.io/gateway-service";
const NO_TRANSLATION = "experimental.istio.io/disable-gateway-port-translation";

function cleanHosts(hosts: readonly string[] | undefined, namespace: string): readonly string[] {
  const out: string[] = [];
  for (const host of hosts ?? []) {
    const [owner = "", name = ""] = host.split("/");
    if (!host.includes("/")) out.push(host);
    else if (owner === ".") out.push(`${namespace}/${name}`);
    else if (owner === "*" && name === "*") return ["*"];
    else out.push(owner === "*" ? name : host);
  }
  return out;
}

/** Ports of the pod a server's port stands for: the first Service's target port, else the port itself (`gateway.go resolvePorts`). */
function portsOf(number: number, instances: readonly Instance[], bySelector: boolean): readonly number[] {
  const found = instances.filter((entry) => entry.port === number && !(bySelector && entry.service.resource.metadata.labels?.[NO_TRANSLATION] !== undefined)).map((entry) => entry.targetPort);
  if (bySelector) return [found[0] ?? number];
  return [...new Set(found)];
}

function routeNameOf(server: ServerSpec, protocol: Port["protocol"], listen: number, gateway: Resource): string {
  const bind = (server.bind ?? "") === "" ? "" : `.${server.bind}`;
  if (isHttp(protocol)) return `http.${listen}${bind}`;
  if (protocol === "HTTPS" && server.tls !== undefined && !isPassthrough(server)) return `https.${server.port?.number ?? 0}.${server.port?.name ?? ""}.${gateway.metadata.name}.${gateway.metadata.namespace ?? ""}${bind}`;
  return "";
}

function serversOf(model: Model, proxy: Proxy): readonly GatewayServer[] {
  const instances = instancesOf(model, proxy);
  return model.gateways.flatMap((gateway) => {
    const spec = (gateway.spec ?? {}) as GatewaySpec;
    const namespace = gateway.metadata.namespace ?? "default";
    if (model.flags.scopeGatewayToNamespace && namespace !== proxy.namespace) return [];
    const named = gateway.metadata.annotations?.[INTERNAL_SERVICE]?.split(",");
    const own = named === undefined ? instances : instances.filter((entry) => named.includes(entry.service.host) && entry.service.namespace === namespace);
    if (named === undefined ? !selects(spec.selector, proxy.labels) : own.length === 0) return [];
    return (spec.servers ?? []).flatMap((server, index) => portsOf(server.port?.number ?? 0, own, named === undefined).map((listen): GatewayServer => {
      const protocol = parseProtocol(server.port?.protocol ?? "");
      return {
        gateway, gatewayName: `${namespace}/${gateway.metadata.name}`, server, listen, bind: server.bind ?? "", path: `spec.servers[${index}]`,
        hosts: cleanHosts(server.hosts, namespace), routeName: routeNameOf(server, protocol, listen, gateway),
        port: { name: server.port?.name ?? "", number: server.port?.number ?? 0, protocol },
      };
    }));
  });
}

/** Says whether hosts are new at a bind address, and then takes them. */
export function takeHosts(known: Map<string, string>, hosts: readonly string[], bind: string): boolean {
  if (hosts.some((host) => known.get(host) === bind)) return false;
  for (const host of hosts) known.set(host, bind);
  return true;
}

/**
 * Merges the servers of all Gateways whose selector covers the proxy; on a port that two protocols want, the first Gateway's wins.
 * @see istio 1.18 pilot/pkg/model/gateway.go MergeGateways
 */
export function mergeGateways(model: Model, proxy: Proxy): MergedGateways {
  const groups = new Map<string, ServerGroup>();
  const byRoute = new Map<string, GatewayServer[]>();
  const taken = new Set<number>();
  const plain = new Map<number, ServerGroup>();
  const binds = new Map<number, Set<string>>();
  const tlsHosts = new Map<number, Map<string, string>>();
  let autoPassthrough = false;
  const key = (server: GatewayServer): string => `${server.listen} ${server.server.port?.protocol ?? ""} ${server.bind}`;
  const join = (server: GatewayServer): ServerGroup => {
    const known = groups.get(key(server));
    if (known !== undefined) { known.servers.push(server); return known; }
    const fresh = { listen: server.listen, bind: server.bind, protocol: server.port.protocol, routeName: server.routeName, servers: [server] };
    groups.set(key(server), fresh);
    return fresh;
  };
  const route = (server: GatewayServer): void => { byRoute.set(server.routeName, [...(byRoute.get(server.routeName) ?? []), server]); };
  for (const server of serversOf(model, proxy)) {
    const { listen, bind } = server;
    if (server.server.tls !== undefined) {
      const known = tlsHosts.get(listen) ?? new Map<string, string>();
      tlsHosts.set(listen, known);
      if (!takeHosts(known, server.hosts, bind)) continue;
      if (server.server.tls.mode === "AUTO_PASSTHROUGH") autoPassthrough = true;
    }
    if (!taken.has(listen)) {
      taken.add(listen);
      const group = join(server);
      if (server.server.tls === undefined || isHttp(server.port.protocol)) plain.set(listen, group);
      if (isHttpServer(server)) route(server);
      continue;
    }
    const current = plain.get(listen);
    if (current !== undefined) {
      if (current.bind === bind) {
        const merges = isHttp(current.protocol) && (isHttp(server.port.protocol) || server.port.protocol === current.protocol);
        if (!merges || server.routeName === "") continue;
        current.servers.push(server);
      } else join(server);
      route(server);
      continue;
    }
    if (isHttpServer(server)) {
      if (server.routeName === "" || byRoute.has(server.routeName)) continue;
      route(server);
    }
    const known = binds.get(listen);
    const isNew = known === undefined || !known.has(bind);
    binds.set(listen, (known ?? new Set<string>()).add(bind));
    if (server.server.tls === undefined && !isNew) continue;
    join(server);
  }
  return { groups: [...groups.values()].filter((group) => group.listen >= 1024 || proxy.unprivileged === false), byRoute, autoPassthrough };
}

/** The hosts of a server that a VirtualService of `namespace` may use. */
export function serverHosts(server: GatewayServer, namespace: string): string[] {
  return server.hosts.flatMap((host) => {
    const slash = host.indexOf("/");
    if (slash < 0) return [host];
    const owner = host.slice(0, slash);
    return owner === "*" || owner === namespace ? [host.slice(slash + 1)] : [];
  });
}

/** The server names a server's chain answers to, without namespaces. */
export const sniHosts = (server: GatewayServer): readonly string[] => [...new Set(server.hosts.map((host) => host.slice(host.indexOf("/") + 1)))].sort();
