import type { Caveat, Diagnostic } from "@hopscope/core";
import { originOf, type Resource } from "@hopscope/model-kubernetes";
import { parseCidr } from "@hopscope/model-linux";
import { split } from "./lists.ts";
import { sidecarDefaults, type SidecarOptions } from "./options.ts";

/** How a pod's rules are made: by the CNI plugin (the only way in OpenShift Service Mesh) or by an init container. */
export interface PodOptions {
  readonly by?: "cni" | "init-container";
  /** The mesh's own environment for proxies (`proxyMetadata`), under the pod's. */
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  /** Servers of resolv.conf; without CNI only these are captured. */
  readonly dnsServers?: readonly string[];
}
/** What was found in a pod. Without `options` no rules are made, for the reason given. */
export interface PodSidecar {
  readonly options?: SidecarOptions;
  readonly reason?: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly Caveat[];
}

interface Container {
  readonly name?: string;
  readonly env?: readonly { readonly name?: string; readonly value?: string }[];
  readonly args?: readonly string[];
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
}
interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
}
interface PodStatus {
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip?: string }[];
}

const PROXY = "istio-proxy";

/**
 * Reads from a pod with a sidecar what its iptables rules are made of.
 *
 * @see Istio 1.18.7, cni/pkg/plugin/plugin.go, redirect.go; OpenShift Service Mesh 2.5
 */
export function sidecarOptionsOf(pod: Resource, { by = "cni", proxyMetadata = {}, dnsServers = [] }: PodOptions = {}): PodSidecar {
  const spec = (pod.spec ?? {}) as PodSpec;
  const annotations = pod.metadata.annotations ?? {};
  const diagnostics: Diagnostic[] = [];
  const caveats: Caveat[] = [];
  const all = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const proxy = all.find(({ name }) => name === PROXY);
  const none = (reason: string): PodSidecar => ({ reason, diagnostics, caveats });
  if (proxy === undefined) return none(`the pod has no container ${PROXY}`);
  const environment = { ...proxyMetadata, ...metadataOf(annotations["proxy.istio.io/config"]), ...environmentOf(proxy) };
  if (by === "cni") {
    if ((spec.containers ?? []).length < 2 && proxy === spec.containers?.[0]) return none("the pod has one container only, so the CNI plugin leaves it alone");
    if (all.some(({ name }) => name === "istio-init")) return none("the pod has its own istio-init container, so the CNI plugin leaves it alone");
    if (annotations["sidecar.istio.io/status"] === undefined) return none("the pod has no annotation sidecar.istio.io/status, so the CNI plugin leaves it alone");
    if (annotations["sidecar.istio.io/inject"] === "false") return none("the annotation sidecar.istio.io/inject is false");
    if ("DISABLE_ENVOY" in environment) return none("DISABLE_ENVOY is set");
  }
  const mode = annotations["sidecar.istio.io/interceptionMode"] ?? "REDIRECT";
  if (mode === "NONE") return none("interceptionMode is NONE");
  if (mode !== "REDIRECT" && mode !== "TPROXY") complain("sidecar.istio.io/interceptionMode", mode, "REDIRECT, TPROXY or NONE");

  function complain(annotation: string, value: string, expected: string): void {
    const origin = originOf(pod, `metadata.annotations["${annotation}"]`);
    diagnostics.push({ code: "sidecar/annotation-value", severity: "error", origin, problem: `"${value}" is no value for ${annotation}; the pod's rules cannot be made`, expected });
  }
  const read = (name: string, fallback: string, check: (value: string) => boolean, expected: string): string => {
    const annotation = `traffic.sidecar.istio.io/${name}`;
    const value = annotations[annotation]?.trim();
    if (value === undefined) return fallback;
    if (!check(value)) complain(annotation, value, expected);
    return value;
  };
  const ports = (name: string, fallback: string): string => read(name, fallback, (value) => split(value).every(isPort), "a list of ports");
  const portsOrAll = (name: string, fallback: string): string => read(name, fallback, (value) => value === "*" || split(value).every(isPort), "* or a list of ports");
  const ranges = (name: string, fallback: string, star: boolean): string => read(name, fallback, (value) => (star && value === "*") || split(value).every(isRange), star ? "* or a list of ranges" : "a list of ranges");

  const statusPort = annotations["status.sidecar.istio.io/port"] ?? "15020";
  const excluded = ports("excludeInboundPorts", "");
  const system = by === "cni" ? ["15020", "15021", "15090"] : ["15090", "15021", statusPort];
  const inboundPortsExclude = by === "cni" ? [...new Set([...split(excluded), ...system])] : [...system, ...split(excluded)];
  const { user, group } = ownerOf(spec, proxy);
  const redirectDns = environment["ISTIO_META_DNS_CAPTURE"] === "true";
  const options: SidecarOptions = {
    ...sidecarDefaults,
    mode: mode === "TPROXY" ? "TPROXY" : "REDIRECT",
    proxyUid: user,
    proxyGid: group,
    inboundPortsInclude: portsOrAll("includeInboundPorts", "*"),
    inboundPortsExclude: inboundPortsExclude.join(","),
    outboundRangesInclude: ranges("includeOutboundIPRanges", "*", true),
    outboundRangesExclude: ranges("excludeOutboundIPRanges", "", false),
    outboundPortsInclude: ports("includeOutboundPorts", ""),
    outboundPortsExclude: ports("excludeOutboundPorts", by === "cni" ? "15020" : ""),
    virtualInterfaces: annotations["traffic.sidecar.istio.io/kubevirtInterfaces"] ?? "",
    excludeInterfaces: annotations["traffic.sidecar.istio.io/excludeInterfaces"] ?? "",
    ownerGroupsInclude: environment["ISTIO_OUTBOUND_OWNER_GROUPS"] ?? "*",
    ownerGroupsExclude: environment["ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE"] ?? "",
    redirectDns,
    captureAllDns: redirectDns && by === "cni",
    dnsServersV4: by === "cni" ? [] : dnsServers.filter((server) => !server.includes(":")),
    dnsServersV6: by === "cni" ? [] : dnsServers.filter((server) => server.includes(":")),
    dropInvalid: environment["INVALID_DROP"] === "true",
    ipv6: isIpv6(pod, environment),
  };
  if (redirectDns && by !== "cni" && dnsServers.length === 0) {
    caveats.push({ code: "sidecar/dns-servers-unknown", problem: "the servers of the pod's resolv.conf are not known, so no DNS rule was made", origin: originOf(pod) });
  }
  return diagnostics.length > 0 ? { reason: "an annotation has no valid value", diagnostics, caveats } : { options, diagnostics, caveats };
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65535;
const isRange = (text: string): boolean => text.includes("/") && parseCidr(text) !== undefined;

/** The proxy's own user and group, which the rules let pass; upstream 1337, in OpenShift out of the namespace's range. */
function ownerOf(spec: PodSpec, proxy: Container): { user: string; group: string } {
  const user = proxy.securityContext?.runAsUser ?? spec.securityContext?.runAsUser ?? 1337;
  const group = proxy.securityContext?.runAsGroup ?? spec.securityContext?.runAsGroup ?? 1337;
  // In TPROXY mode the proxy runs as root; the rules then name the usual owner.
  return { user: String(user === 0 ? 1337 : user), group: String(group === 0 ? 1337 : group) };
}

function isIpv6(pod: Resource, environment: Readonly<Record<string, string>>): boolean {
  const status = (pod.status ?? {}) as PodStatus;
  const addresses = [...(status.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip])), ...(status.podIP === undefined ? [] : [status.podIP])];
  return (addresses[0]?.includes(":") ?? false) || (environment["ISTIO_AGENT_DUAL_STACK"] === "true" && addresses.some((address) => address.includes(":")));
}

function environmentOf({ env = [] }: Container): Readonly<Record<string, string>> {
  return Object.fromEntries(env.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? ""] as const])));
}

/** `proxyMetadata` of a proxy configuration; its entries are `NAME: value` lines, in block or flow style. */
function metadataOf(config: string | undefined): Readonly<Record<string, string>> {
  if (config === undefined || !config.includes("proxyMetadata")) return {};
  const part = config.slice(config.indexOf("proxyMetadata"));
  return Object.fromEntries([...part.matchAll(/["']?([A-Z][A-Z0-9_]+)["']?\s*:\s*["']?([^"'\s,}]+)["']?/g)].map((match) => [match[1] ?? "", match[2] ?? ""]));
}
