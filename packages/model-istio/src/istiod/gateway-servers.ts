import type { Resource } from "@hopscope/model-kubernetes";
import { selects } from "./config-order.ts";
import { instancesOf } from "./inbound-ports.ts";
import type { Model } from "./model.ts";
import { parseProtocol } from "./protocol.ts";
import type { ServerTls } from "./tls-context.ts";
import type { Port, Proxy } from "./types.ts";

interface ServerSpec { readonly port?: { readonly number: number; readonly name?: string; readonly protocol?: string }; readonly hosts?: readonly string[]; readonly tls?: ServerTls; readonly bind?: string }
interface GatewaySpec { readonly selector?: Readonly<Record<string, string>>; readonly servers?: readonly ServerSpec[] }

/** One server of a Gateway that this proxy serves. */
export interface GatewayServer {
  readonly gateway: Resource;
  readonly gatewayName: string;
  readonly server: ServerSpec;
  readonly port: Port;
  /** Port the pod listens on. */
  readonly listen: number;
  readonly path: string;
}

/** The servers of all Gateways whose selector covers the proxy, with their port as the pod sees it. */
export function serversOf(model: Model, proxy: Proxy): readonly GatewayServer[] {
  const instances = instancesOf(model, proxy);
  const out: GatewayServer[] = [];
  for (const gateway of model.gateways) {
    const spec = (gateway.spec ?? {}) as GatewaySpec;
    const namespace = gateway.metadata.namespace ?? "default";
    if (model.flags.scopeGatewayToNamespace && namespace !== proxy.namespace) continue;
    if (!selects(spec.selector, proxy.labels)) continue;
    for (const [index, server] of (spec.servers ?? []).entries()) {
      const number = server.port?.number ?? 0;
      const instance = instances.find((entry) => entry.port === number);
      const listen = instance?.targetPort ?? number;
      if (listen < 1024 && proxy.unprivileged !== false) continue;
      out.push({ gateway, gatewayName: `${namespace}/${gateway.metadata.name}`, server, listen, path: `spec.servers[${index}]`, port: { name: server.port?.name ?? "", number, protocol: parseProtocol(server.port?.protocol ?? "") } });
    }
  }
  return out;
}

/** The hosts of a server that a VirtualService of `namespace` may use. */
export function serverHosts(server: GatewayServer, namespace: string): string[] {
  return (server.server.hosts ?? []).flatMap((host) => {
    const slash = host.indexOf("/");
    if (slash < 0) return [host];
    const wanted = host.slice(0, slash);
    const own = server.gateway.metadata.namespace ?? "default";
    return wanted === "*" || (wanted === "." ? own : wanted) === namespace ? [host.slice(slash + 1)] : [];
  });
}
