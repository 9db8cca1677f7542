import type { Endpoint, Identity } from "@hopscope/core";
import { compileProxy, envoyEndpoint, loadEnvoyConfig, type MeshProxy } from "@hopscope/model-istio";
import { addressesOf, clusterDnsAnswer, type Pod, podIps, type Snapshot } from "@hopscope/model-kubernetes";

export interface ProxyInput {
  readonly id: string;
  readonly name: string;
  readonly identity: Identity;
  readonly pod: Pod;
  readonly type: "sidecar" | "router";
  readonly trustDomain: string;
  /** Whether the pod's DNS questions are captured, and whether names without addresses get made-up ones. */
  readonly dns: { readonly capture: boolean; readonly allocate: boolean };
}

export interface ProxyParts {
  readonly endpoint: Endpoint;
  /** Ports its sockets listen on. */
  readonly ports: readonly number[];
  /** Envoy's configuration as compiled. */
  readonly config: () => unknown;
  readonly proxy: MeshProxy;
  /** Compiles ahead of the first connection. */
  readonly prepare: () => void;
}

/** What a sidecar listens on whatever its configuration: outbound, inbound, health, metrics. */
const SIDECAR_PORTS = [15001, 15006, 15021, 15090];

/** A pod's Envoy. A sidecar's configuration is compiled when its first connection comes, a gateway's at once, for its ports. */
export function proxyEndpoint(snapshot: Snapshot, input: ProxyInput): ProxyParts {
  const { pod, identity } = input;
  const namespace = pod.metadata.namespace ?? "default";
  const serviceAccount = pod.spec.serviceAccountName ?? "default";
  const mode = pod.metadata.annotations?.["sidecar.istio.io/interceptionMode"];
  const proxy: MeshProxy = {
    type: input.type,
    name: pod.metadata.name,
    namespace,
    labels: pod.metadata.labels ?? {},
    ips: podIps(pod),
    serviceAccount,
    node: pod.spec.nodeName,
    interceptionMode: mode === "TPROXY" || mode === "NONE" ? mode : "REDIRECT",
    dnsCapture: input.dns.capture,
    dnsAutoAllocate: input.dns.allocate,
  };
  let compiled: ReturnType<typeof compileProxy> | undefined;
  const program = (): ReturnType<typeof compileProxy> => (compiled ??= compileProxy(snapshot, proxy));
  let made: Endpoint | undefined;
  const get = (): Endpoint => {
    if (made !== undefined) return made;
    const { listeners, routes, clusters, endpoints, origins } = program();
    made = envoyEndpoint({
      id: input.id,
      identity,
      name: input.name,
      config: loadEnvoyConfig({ listeners, routes, clusters, endpoints }),
      principal: `spiffe://${input.trustDomain}/ns/${namespace}/sa/${serviceAccount}`,
      address: podIps(pod)[0],
      origins,
      resolve: (name) => {
        const addresses = (["A", "AAAA"] as const).flatMap((type) => addressesOf(clusterDnsAnswer(snapshot, name, type)));
        return addresses.length === 0 ? undefined : addresses;
      },
    });
    return made;
  };
  const endpoint: Endpoint = {
    id: input.id,
    system: "envoy",
    identity,
    accept: (connection, context) => {
      for (const caveat of program().caveats) context.caveat(caveat);
      return get().accept(connection, context);
    },
    serve: (payload, connection, context) => get().serve(payload, connection, context),
  };
  const config = (): unknown => {
    const { listeners, routes, clusters, endpoints } = program();
    return { listeners, routes, clusters, endpoints };
  };
  return { endpoint, ports: input.type === "sidecar" ? SIDECAR_PORTS : listenerPorts(program().listeners), config, proxy, prepare: () => void get() };
}

interface ListenerAddress {
  readonly address?: { readonly socketAddress?: { readonly portValue?: number } };
}

function listenerPorts(listeners: readonly unknown[]): readonly number[] {
  const ports = listeners.flatMap((listener) => {
    const port = (listener as ListenerAddress).address?.socketAddress?.portValue;
    return port === undefined ? [] : [port];
  });
  return [...new Set([...ports, 15021, 15090])];
}
