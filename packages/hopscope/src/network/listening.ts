import { type Caveat } from "@hopscope/core";
import { type Listen, matchesLabels, objectName, originOf, type Pod, resourcesOf, type Snapshot } from "@hopscope/model-kubernetes";

/** What a pod's application listens on, and how that is known. */
export interface Listening {
  readonly listens: readonly Listen[];
  /** Nothing is known: whatever port is asked for is assumed to be served. */
  readonly any: boolean;
  /** Said of a port where it was assumed. */
  readonly caveat?: (port: number) => Caveat;
}

const PROXY = "istio-proxy";

/**
 * What the Cluster document says of a pod's application; else its container ports and probes; else, as an assumption, whatever port
 * is asked for.
 */
export function listeningOf(snapshot: Snapshot, pod: Pod): Listening {
  const { namespace } = pod.metadata;
  const labels = pod.metadata.labels ?? {};
  const said = snapshot.cluster.applications.find(({ select }) => (select.namespace === undefined || select.namespace === namespace) && matchesLabels(select.labels ?? {}, labels));
  if (said !== undefined) return { listens: said.listens, any: false };
  const containers = pod.spec.containers.filter(({ name }) => name !== PROXY);
  const declared = containers.flatMap(({ ports }) => ports ?? []).map(({ containerPort, protocol }) => ({ port: containerPort, udp: protocol === "UDP" }));
  const probed = containers.flatMap(({ readinessProbe, livenessProbe, startupProbe, ports }) =>
    [readinessProbe, livenessProbe, startupProbe].flatMap((probe) => {
      const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
      const number = typeof port === "number" ? port : ports?.find(({ name }) => name === port)?.containerPort;
      return number === undefined ? [] : [{ port: number, udp: false }];
    }),
  );
  const known = [...declared, ...probed];
  if (known.length > 0) return { listens: distinct(known), any: false };
  const targets = resourcesOf(snapshot, "Service", { group: "", namespace }).flatMap((service) => {
    const spec = service.spec as { selector?: Record<string, string>; ports?: readonly { port: number; targetPort?: number | string; protocol?: string }[] } | undefined;
    if (spec?.selector === undefined || !matchesLabels(spec.selector, labels)) return [];
    return (spec.ports ?? []).flatMap(({ port, targetPort, protocol }) => (typeof targetPort === "string" ? [] : [{ port: targetPort ?? port, udp: protocol === "UDP" }]));
  });
  const caveat = (port: number): Caveat => ({ code: "assumed/listens", problem: `nothing says what ${objectName(pod)} listens on: port ${port} is assumed to be served`, origin: originOf(pod, "spec.containers") });
  // On a node's own network a pod shares its ports with others: only what Services send to it is taken for its own.
  return { listens: distinct(targets), any: pod.spec.hostNetwork !== true, caveat };
}

function distinct(ports: readonly { readonly port: number; readonly udp: boolean }[]): readonly Listen[] {
  const seen = new Map<string, Listen>();
  for (const { port, udp } of ports) seen.set(`${udp ? "udp" : "tcp"} ${port}`, { port, application: udp ? "udp" : "tcp" });
  return [...seen.values()];
}
