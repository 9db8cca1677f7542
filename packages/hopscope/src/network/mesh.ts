import type { Caveat, Diagnostic, Endpoint, Identity } from "@hopscope/core";
import { type Container, objectName, originOf, type Pod, resolvConfOf, type Snapshot } from "@hopscope/model-kubernetes";
import { nameTable, sidecarOptionsOf, sidecarRules, trustDomainOf } from "@hopscope/model-istio";
import type { NetworkNamespace } from "@hopscope/model-linux";
import { meshDnsEndpoint } from "./mesh-dns.ts";
import { proxyEndpoint } from "./proxy.ts";

/** What the mesh adds to a pod. */
export interface MeshPod {
  readonly isGateway: boolean;
  readonly endpoint?: Endpoint;
  /** Envoy's configuration as compiled. */
  readonly config?: () => unknown;
  /** Compiles the proxy ahead of its first connection. */
  readonly prepare?: () => void;
  /** The DNS proxy beside Envoy, where the pod's questions are captured. */
  readonly dns?: Endpoint;
  /** Ports the proxy listens on. */
  readonly ports: readonly number[];
  readonly owner: { readonly uid?: number; readonly gid?: number };
  readonly netfilter?: NetworkNamespace["netfilter"];
  readonly rules: NonNullable<NetworkNamespace["rules"]>;
  readonly routes: NetworkNamespace["routes"];
  readonly loopback: readonly string[];
  readonly caveats: readonly Caveat[];
  readonly diagnostics: readonly Diagnostic[];
}

const none: MeshPod = { isGateway: false, ports: [], owner: {}, rules: [], routes: [], loopback: [], caveats: [], diagnostics: [] };

const proxyContainer = (pod: Pod) => [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(({ name }) => name === "istio-proxy");

/** Whether the istio CNI plugin programs pods (OpenShift Service Mesh always, else where the pod has no istio-init). */
const byCni = (snapshot: Snapshot, pod: Pod): boolean => snapshot.cluster.platform.mesh?.flavour === "ossm" || !(pod.spec.initContainers ?? []).some(({ name }) => name === "istio-init");

/** Finds a pod's proxy and compiles what the mesh makes of it: a sidecar's iptables rules, and Envoy's configuration. */
export function meshPod(snapshot: Snapshot, pod: Pod, identity: Identity): MeshPod {
  const container = proxyContainer(pod);
  if (container === undefined) {
    const asks = pod.metadata.annotations?.["sidecar.istio.io/inject"] === "true" || pod.metadata.labels?.["sidecar.istio.io/inject"] === "true";
    const caveat: Caveat = { code: "mesh/not-injected", problem: `${objectName(pod)} asks for a sidecar and has no container istio-proxy: it is traced without one`, origin: originOf(pod) };
    return asks ? { ...none, caveats: [caveat] } : none;
  }
  const args = container.args ?? [];
  const isGateway = args.includes("router") || (pod.spec.containers.length === 1 && !args.includes("sidecar"));
  const { options, caveats, diagnostics } = sidecarOptionsOf(pod, { by: byCni(snapshot, pod) ? "cni" : "init-container", dnsServers: resolvConfOf(snapshot, pod).nameservers });
  const uid = isGateway ? 1337 : Number(options?.proxyUid.split(",")[0] ?? 1337);
  const owner = { uid, gid: isGateway ? 1337 : Number(options?.proxyGid.split(",")[0] ?? 1337) };
  const name = isGateway ? (pod.metadata.labels?.["service.istio.io/canonical-name"] ?? pod.metadata.labels?.["app"] ?? pod.metadata.name) : `${pod.metadata.labels?.["app"] ?? pod.metadata.name} sidecar`;
  const { endpoint, ports, config, proxy, prepare } = proxyEndpoint(snapshot, {
    id: `envoy/${pod.metadata.namespace ?? "default"}/${pod.metadata.name}`,
    name,
    identity: { ...identity, ...owner },
    pod,
    type: isGateway ? "router" : "sidecar",
    trustDomain: trustDomainOf(snapshot),
    dns: { capture: options?.redirectDns === true, allocate: allocatesAddresses(pod, container) },
  });
  if (isGateway || options === undefined) return { ...none, isGateway, endpoint, ports, config, prepare, owner, caveats, diagnostics };
  const made = rulesFor(options);
  const dns = options.redirectDns ? meshDnsEndpoint(`mesh-dns/${pod.metadata.namespace ?? "default"}/${pod.metadata.name}`, { ...identity, ...owner }, { snapshot, pod, table: () => nameTable(snapshot, proxy) }) : undefined;
  return { ...none, endpoint, ports, config, prepare, owner, caveats, diagnostics, dns, netfilter: { v4: made.v4.save, v6: made.v6?.save }, rules: made.rules, routes: made.routes, loopback: made.loopbackAddresses };
}

const madeRules = new Map<string, ReturnType<typeof sidecarRules>>();

/** The rules of a sidecar; most pods of a mesh have the same. */
function rulesFor(options: Parameters<typeof sidecarRules>[0]): ReturnType<typeof sidecarRules> {
  const key = JSON.stringify(options);
  const known = madeRules.get(key);
  if (known !== undefined) return known;
  const made = sidecarRules(options);
  if (madeRules.size < 256) madeRules.set(key, made);
  return made;
}

/** Whether ServiceEntries without addresses get made-up ones for this proxy. */
function allocatesAddresses(pod: Pod, container: Container): boolean {
  const name = "ISTIO_META_DNS_AUTO_ALLOCATE";
  const stated = container.env?.find((one) => one.name === name)?.value;
  return stated === undefined ? new RegExp(`${name}["']?\\s*:\\s*["']?true`).test(pod.metadata.annotations?.["proxy.istio.io/config"] ?? "") : stated === "true";
}
