import type { Origin } from "@hopscope/core";
import { originOf, type Resource } from "@hopscope/model-kubernetes";

export type Termination = "" | "edge" | "reencrypt" | "passthrough";

export interface HeaderAction {
  readonly name: string;
  readonly action: "Set" | "Delete";
  readonly value: string;
  readonly path: string;
}

export interface TlsConfig {
  readonly termination: string;
  readonly policy: string;
  readonly certificate: string;
  readonly key: string;
  readonly caCertificate: string;
  readonly destinationCaCertificate: string;
}

/** A Route as the router reads it, with defaults filled in. */
export interface RouteConfig {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Epoch milliseconds; 0 where the object has no creation time. */
  readonly created: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly host: string;
  readonly path: string;
  readonly wildcardPolicy: string;
  readonly termination: Termination;
  readonly tls?: TlsConfig;
  /** Services with their weights; a name given twice keeps its last weight. */
  readonly services: readonly { readonly name: string; readonly weight: number; readonly path: string }[];
  readonly targetPort: string;
  readonly requestHeaders: readonly HeaderAction[];
  readonly responseHeaders: readonly HeaderAction[];
}

type Fields = Readonly<Record<string, unknown>>;

/** The value as an object with fields; an empty one where it is not. */
export const fields = (value: unknown): Fields => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {});
/** The value as a list; an empty one where it is not. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** The value as text; numbers and booleans as written. */
export const text = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";

const texts = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fields(value)).map(([key, entry]) => [key, text(entry)]));

/** Header actions of a Route or an IngressController; those without a name or a value do nothing. */
export function headerActions(value: unknown, path: string): readonly HeaderAction[] {
  return list(value).flatMap((item, index): HeaderAction[] => {
    const entry = fields(item);
    const action = fields(entry["action"]);
    const name = text(entry["name"]);
    const set = text(fields(action["set"])["value"]);
    const here = `${path}[${index}]`;
    if (action["type"] === "Set" && name !== "" && set !== "") return [{ name, action: "Set", value: set, path: here }];
    if (action["type"] === "Delete" && name !== "") return [{ name, action: "Delete", value: "", path: here }];
    return [];
  });
}

const TERMINATIONS: readonly string[] = ["edge", "reencrypt", "passthrough"];

/**
 * Reads a Route, filling in what the API would default: weight 100, wildcard policy None, termination edge.
 *
 * `domain` completes `spec.subdomain` where no host is given.
 *
 * @see openshift/library-go release-4.14, pkg/route/defaulting
 */
export function readRoute(resource: Resource, domain: string): RouteConfig {
  const spec = fields(resource.spec);
  const tls = spec["tls"] === undefined || spec["tls"] === null ? undefined : fields(spec["tls"]);
  const subdomain = text(spec["subdomain"]);
  const given = text(spec["host"]);
  const host = given === "" && subdomain !== "" && domain !== "" ? `${subdomain}.${domain}` : given;
  // The API server stores an absent weight as 100. Where a stored object (it has a UID) has none all the same, the router takes 1.
  const absentWeight = resource.metadata.uid === undefined ? 100 : 1;
  const weighted = (value: unknown, path: string) => {
    const entry = fields(value);
    const weight = typeof entry["weight"] === "number" ? entry["weight"] : undefined;
    return { name: text(entry["name"]), weight: Math.min(256, Math.max(0, weight ?? absentWeight)), path };
  };
  const services = new Map<string, RouteConfig["services"][number]>();
  for (const service of [
    weighted(spec["to"], "spec.to"),
    ...list(spec["alternateBackends"]).map((item, index) => weighted(item, `spec.alternateBackends[${index}]`)),
  ]) {
    services.set(service.name, service);
  }
  const termination = tls === undefined ? "" : tls["termination"] === undefined || tls["termination"] === null ? "edge" : text(tls["termination"]);
  const actions = fields(fields(spec["httpHeaders"])["actions"]);
  const created = Date.parse(resource.metadata.creationTimestamp ?? "");
  return {
    resource,
    namespace: resource.metadata.namespace ?? "default",
    name: resource.metadata.name,
    uid: resource.metadata.uid ?? "",
    created: Number.isNaN(created) ? 0 : created,
    labels: resource.metadata.labels ?? {},
    annotations: texts(resource.metadata.annotations),
    host,
    path: text(spec["path"]),
    wildcardPolicy: spec["wildcardPolicy"] === undefined ? "None" : text(spec["wildcardPolicy"]),
    termination: TERMINATIONS.includes(termination) ? (termination as Termination) : "",
    ...(tls !== undefined && {
      tls: {
        termination,
        policy: text(tls["insecureEdgeTerminationPolicy"]),
        certificate: text(tls["certificate"]),
        key: text(tls["key"]),
        caCertificate: text(tls["caCertificate"]),
        destinationCaCertificate: text(tls["destinationCACertificate"]),
      },
    }),
    services: [...services.values()],
    targetPort: text(fields(spec["port"])["targetPort"]),
    requestHeaders: headerActions(actions["request"], "spec.httpHeaders.actions.request"),
    responseHeaders: headerActions(actions["response"], "spec.httpHeaders.actions.response"),
  };
}

/** `NAMESPACE:NAME`, the router's key of a route. */
export const routeKey = (route: Pick<RouteConfig, "namespace" | "name">): string => `${route.namespace}:${route.name}`;

export const routeOrigin = (route: RouteConfig, path?: string): Origin => originOf(route.resource, path);
