const DOMAIN = "svc.cluster.local";

/** A host as Kiali splits it. What is no name of the cluster stands whole in `service`. */
export interface KialiHost {
  readonly service: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly complete: boolean;
}

const complete = (service: string, namespace: string): KialiHost => ({ service, namespace, cluster: DOMAIN, complete: true });

/** Splits a host without knowing which namespaces there are: a plain name, a full one, or something foreign. */
export function parseHost(host: string, namespace: string): KialiHost {
  const [first = "", second, ...rest] = host.split(".");
  if (second === undefined) return complete(first, namespace);
  return rest.join(".") === DOMAIN ? complete(first, second) : { service: host, namespace: "", cluster: "", complete: false };
}

/** The same with `name.namespace` and `name.namespace.svc`, where the namespace exists. */
export function hostOf(host: string, namespace: string, namespaces: readonly string[]): KialiHost {
  const [first = "", second = "", third] = host.split(".");
  const parts = host.split(".").length;
  if (parts === 2 && (second === namespace || namespaces.includes(second))) return complete(first, second);
  return parts === 3 && third === "svc" ? complete(first, second) : parseHost(host, namespace);
}

export const hostText = ({ service, namespace, cluster, complete: whole }: KialiHost): string => (!whole ? service : cluster === "" ? `${service}.${namespace}` : `${service}.${namespace}.${cluster}`);

export const isWildcard = ({ service }: KialiHost): boolean => service.startsWith("*");

/** Name and namespace, taken from a foreign host's first two parts too. */
export function twoParts({ service, namespace, complete: whole }: KialiHost): readonly [string, string] {
  const [first = "", second] = service.split(".");
  return !whole && second !== undefined ? [first, second] : [service, namespace];
}

/** Whether a host names a service, by its name alone or with its namespace. */
export function names(host: string, hostNamespace: string, service: string, namespace: string): boolean {
  const full = `${service}.${namespace}`;
  return (host === service && hostNamespace === namespace) || host === full || host === `${full}.svc` || host === `${full}.${DOMAIN}`;
}

/** A Gateway's name in a VirtualService: `name`, `namespace/name`, or the old form of a host. */
export function gatewayHost(gateway: string, namespace: string): KialiHost {
  if (gateway.includes(".")) {
    const [service = "", inNamespace = namespace, ...rest] = gateway.split(".");
    return { service, namespace: inNamespace, cluster: rest.length > 0 ? rest.join(".") : DOMAIN, complete: true };
  }
  const [inNamespace = "", service] = gateway.split("/");
  return service === undefined ? complete(gateway, namespace) : complete(service, inNamespace);
}
