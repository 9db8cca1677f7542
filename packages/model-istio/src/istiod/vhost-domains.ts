import type { MeshService, Proxy } from "./types.ts";

/** Names that a request may use for a host, and which of them are short forms of another name. */
export interface Domains { readonly domains: readonly string[]; readonly short: readonly string[] }

/** The address a proxy knows a service by: its own, or one that the DNS proxy hands out for it (`service.go GetAddressForProxy`). */
export function addressFor(service: MeshService, proxy: Pick<Proxy, "dnsCapture" | "dnsAutoAllocate">): string {
  const allocated = service.address === "0.0.0.0" && proxy.dnsCapture === true && proxy.dnsAutoAllocate === true ? service.autoAddress : undefined;
  return allocated ?? service.address;
}

/** Short forms of a Kubernetes service's name as seen from a namespace (`httproute.go generateAltVirtualHostsForKubernetesService`). */
function shortForms(host: string, namespace: string, domain: string): string[] {
  const suffix = `.svc.${domain}`;
  const at = host.indexOf(".svc.");
  if (!host.endsWith(suffix) || at <= 0) return [];
  const dot = host.indexOf(".");
  if (dot + 1 > at) return [];
  const named = host.slice(0, at);
  return host.slice(dot + 1, at) === namespace ? [host.slice(0, dot), `${named}.svc`, named] : [named, `${named}.svc`];
}

const literal = (name: string): string => (name.includes(":") ? `[${name}]` : name);

/**
 * The domains of a virtual host: a service's names and address, or one name that no service has.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/httproute.go generateVirtualHostDomains
 */
export function virtualHostDomains(target: MeshService | string, { proxy, domain, port, bare }: { readonly proxy: Proxy; readonly domain: string; readonly port: number; readonly bare: boolean }): Domains {
  const both = (name: string): string[] => (bare ? [literal(name)] : [literal(name), `${literal(name)}:${port}`]);
  if (typeof target === "string") return { domains: both(target), short: [] };
  const short = shortForms(target.host, proxy.namespace, domain).flatMap(both);
  const names = [...both(target.host), ...short];
  const all = target.resolution === "passthrough" && target.kubernetes ? [...names, ...names.map((name) => `*.${name}`)] : names;
  const address = addressFor(target, proxy);
  return { domains: address === "" || address === "0.0.0.0" ? all : [...all, ...both(address)], short };
}
