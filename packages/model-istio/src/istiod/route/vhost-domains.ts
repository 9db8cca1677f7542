import type { MeshService, Proxy } from "../types.ts";

/** Names that a request may use for a host, and which of them are short forms of another name. */
export interface Domains { readonly domains: readonly string[]; readonly short: readonly string[] }

/** The address a proxy knows a service by: its own, or one that the DNS proxy hands out for it (`service.go GetAddressForProxy`). */
export function addressFor(service: MeshService, proxy: Pick<Proxy, "dnsCapture" | "dnsAutoAllocate">): string {
  const allocated = service.address === "0.0.0.0" && proxy.dnsCapture === true && proxy.dnsAutoAllocate === true ? service.autoAddress : undefined;
  return allocated ?? service.address;
}

/** Short forms of a Kubernetes service's name as seen from a proxy in `<namespace>.svc.<domain>`. */
function shortServiceNames(host: string, dnsDomain: string): string[] {
  const at = host.indexOf(".svc.");
  const dot = host.indexOf(".");
  if (at <= 0 || dot + 1 > at) return [];
  const named = host.slice(0, at);
  return host.slice(dot + 1, at) === dnsDomain.slice(0, dnsDomain.indexOf(".svc.")) ? [host.slice(0, dot), `${named}.svc`, named] : [named, `${named}.svc`];
}

/**
 * Names by which a proxy's workload may also ask for a host, as its DNS search path completes them.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/httproute.go GenerateAltVirtualHosts
 */
export function shortForms(host: string, dnsDomain: string): readonly string[] {
  const svc = dnsDomain.indexOf(".svc.");
  if (svc >= 0) return host.endsWith(svc > 0 ? dnsDomain.slice(svc) : dnsDomain) ? shortServiceNames(host, dnsDomain) : [];
  const own = host.split(".");
  const other = dnsDomain.split(".");
  let shared = 0;
  while (shared < Math.min(own.length, other.length) && own.at(-1 - shared) === other.at(-1 - shared)) shared++;
  if (shared === 0) return [];
  const unique = own.slice(0, own.length - shared);
  return [unique.join("."), ...(unique.length === 2 ? [`${unique.join(".")}.${own[unique.length] ?? ""}`] : [])];
}

const literal = (name: string): string => (name.includes(":") ? `[${name}]` : name);

/**
 * The domains of a virtual host: a service's names and address, or one name that no service has.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/httproute.go generateVirtualHostDomains
 */
export function virtualHostDomains(target: MeshService | string, { proxy, domain, port, bare }: { readonly proxy: Proxy; readonly domain: string; readonly port: number; readonly bare: boolean }): Domains {
  const both = (name: string): string[] => (bare ? [literal(name)] : [literal(name), `${literal(name)}:${port}`]);
  if (typeof target === "string") return { domains: both(target), short: [] };
  const short = shortForms(target.host, `${proxy.namespace}.svc.${domain}`).flatMap(both);
  const names = [...both(target.host), ...short];
  const all = target.resolution === "passthrough" && target.kubernetes ? [...names, ...names.map((name) => `*.${name}`)] : names;
  const address = addressFor(target, proxy);
  return { domains: address === "" || address === "0.0.0.0" ? all : [...all, ...both(address)], short };
}
