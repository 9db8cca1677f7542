import type { Snapshot } from "@hopscope/model-kubernetes";
import { buildModel } from "../model.ts";
import { scopeOf } from "./scope.ts";
import type { CompileOptions, MeshService, Proxy } from "../types.ts";

/** One name that a sidecar's DNS proxy answers by itself. */
export interface KnownName {
  readonly host: string;
  readonly addresses: readonly string[];
  readonly registry: "Kubernetes" | "External";
  /** Of Kubernetes Services, which are also asked for by shorter names. */
  readonly namespace?: string;
  readonly shortName?: string;
  /** The object that made the name. */
  readonly object: string;
}

const NONE = "0.0.0.0";

/**
 * The names that istiod hands to one sidecar's DNS proxy, in the order of their hosts.
 *
 * A service without an address of its own is named by its endpoints where it passes through to them, else not at all; a
 * ServiceEntry's made-up address counts where the proxy asks for such.
 *
 * @see istio 1.18 pkg/dns/server/name_table.go BuildNameTable
 */
export function nameTable(snapshot: Pick<Snapshot, "resources">, proxy: Proxy, options: CompileOptions = {}): readonly KnownName[] {
  const names = new Map<string, KnownName>();
  const auto = proxy.dnsCapture === true && proxy.dnsAutoAllocate === true;
  for (const service of scopeOf(buildModel(snapshot, options), proxy).services) {
    const address = service.address === NONE && auto ? (service.autoAddress ?? NONE) : service.address;
    if (address.includes("/")) continue;
    if (address === NONE) for (const name of podNames(service)) names.set(name.host, name);
    const addresses = address === NONE ? endpointAddresses(service) : [address];
    if (addresses.length > 0) names.set(service.host, known(service, service.host, service.name, addresses));
  }
  return [...names.values()].sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
}

const known = (service: MeshService, host: string, shortName: string, addresses: readonly string[]): KnownName => ({
  host,
  addresses,
  object: `${service.resource.kind} ${service.namespace}/${service.resource.metadata.name}`,
  ...(service.kubernetes ? { registry: "Kubernetes", namespace: service.namespace, shortName } : { registry: "External" }),
});

function firstPortEndpoints(service: MeshService): MeshService["endpoints"] {
  const [port] = service.ports;
  return service.resolution !== "passthrough" || port === undefined ? [] : service.endpoints.filter(({ servicePort }) => servicePort === port.number);
}

const endpointAddresses = (service: MeshService): readonly string[] => [...new Set(firstPortEndpoints(service).map(({ address }) => address))];

/** `POD.SERVICE.NAMESPACE.svc…` for endpoints that have a name below the Service. */
function podNames(service: MeshService): readonly KnownName[] {
  const rest = service.host.slice(service.host.indexOf(".") + 1);
  return firstPortEndpoints(service).flatMap(({ host, subdomain, address }) =>
    host === undefined || subdomain === undefined || subdomain === "" ? [] : [known(service, `${host}.${subdomain}.${rest}`, `${host}.${subdomain}`, [address])],
  );
}
