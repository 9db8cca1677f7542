import type { RouteStatus } from "../haproxy/program.ts";
import { compareBytes, domainOf } from "./keys.ts";
import { routeOrigin, type RouteConfig } from "./objects.ts";
import { hostErrors, tlsErrors } from "./validation.ts";

export interface AdmissionRules {
  readonly allowWildcards: boolean;
  /** Namespace ownership `InterNamespaceAllowed`. */
  readonly interNamespace: boolean;
}

export type Verdict =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: string; readonly message: string; readonly owner?: RouteConfig };

/** Older first; equal creation times are decided by the UID, then (for objects without either) by name. */
export function compareAge(left: RouteConfig, right: RouteConfig): number {
  return (
    left.created - right.created ||
    compareBytes(left.uid, right.uid) ||
    compareBytes(left.namespace, right.namespace) ||
    compareBytes(left.name, right.name)
  );
}

const push = (map: Map<string, RouteConfig[]>, key: string, route: RouteConfig): void => {
  const routes = map.get(key);
  if (routes === undefined) map.set(key, [route]);
  else routes.push(route);
};

/**
 * Wildcard ownership: the first of the router's plugins to look, and only where wildcards are allowed.
 *
 * @see openshift/router release-4.14, pkg/router/controller/host_admitter.go displacedRoutes
 */
function wildcardClaims(rules: AdmissionRules): (route: RouteConfig) => { readonly message: string; readonly owner: RouteConfig } | undefined {
  const hosts = new Map<string, RouteConfig[]>();
  const wildcards = new Map<string, RouteConfig[]>();
  const domains = new Map<string, RouteConfig[]>();
  // Routes come oldest first, so whatever stands in the way is older.
  return (route) => {
    const domain = domainOf(route.host);
    const isWildcard = route.wildcardPolicy === "Subdomain";
    const mine = (other: RouteConfig): boolean => rules.interNamespace || other.namespace === route.namespace;
    const refuse = (owner: RouteConfig, message: string) => ({
      owner,
      message: owner.namespace === route.namespace ? message : `a route in another namespace holds host ${route.host}`,
    });
    for (const other of hosts.get(route.host) ?? []) {
      if (mine(other) && (isWildcard || other.path !== route.path)) continue;
      return refuse(other, `route ${other.namespace}/${other.name} has host ${other.host}`);
    }
    for (const other of wildcards.get(domain) ?? []) {
      if (mine(other) && (!isWildcard || other.path !== route.path)) continue;
      return refuse(other, `wildcard route ${other.namespace}/${other.name} has host *.${domain}, blocking ${route.host}`);
    }
    for (const other of isWildcard ? (domains.get(domain) ?? []) : []) {
      if (mine(other)) continue;
      return refuse(other, `route ${other.namespace}/${other.name} has host ${other.host}, blocking *.${domain}`);
    }
    if (isWildcard) {
      push(wildcards, domain, route);
    } else {
      push(hosts, route.host, route);
      push(domains, domain, route);
    }
    return undefined;
  };
}

/** Reason and message for a host that cannot be served at all. */
function hostFault(host: string): readonly [reason: string, message: string] | undefined {
  if (host === "") return ["NoHostValue", "no host value was defined for the route"];
  const errors = hostErrors(host);
  return errors.length > 0 ? ["InvalidHost", `host name validation errors: ${errors.join(", ")}`] : undefined;
}

/** Whether two routes of one host cannot both be served. */
const collides = (left: RouteConfig, right: RouteConfig): boolean =>
  left.path === right.path ||
  (left.tls !== undefined && right.tls !== undefined && (left.termination === "passthrough" || right.termination === "passthrough"));

/**
 * Decides which routes a router serves, oldest first.
 *
 * Four plugins look one after another: wildcard policy and ownership, host name, uniqueness of host and path, TLS
 * settings. A route refused by a later one still holds its host.
 *
 * @remarks Differs: the state after a cold start, when all routes are known at once.
 * @see openshift/router release-4.14, pkg/router/controller
 */
export function admitRoutes(routes: readonly RouteConfig[], rules: AdmissionRules): ReadonlyMap<RouteConfig, Verdict> {
  const verdicts = new Map<RouteConfig, Verdict>();
  const active = new Map<string, RouteConfig[]>();
  const claim = wildcardClaims(rules);
  const refuse = (reason: string, message: string, owner?: RouteConfig): Verdict => ({ admitted: false, reason, message, ...(owner !== undefined && { owner }) });

  const judge = (route: RouteConfig): Verdict => {
    // A fault of the host itself is told even where the wildcard policy has refused the route before.
    const fault = hostFault(route.host);
    const known = route.wildcardPolicy === "None" || route.wildcardPolicy === "Subdomain";
    if (!known || (route.wildcardPolicy === "Subdomain" && !rules.allowWildcards)) {
      return refuse(...(fault ?? ["RouteNotAdmitted", known ? "wildcard routes are not allowed" : `unknown wildcard policy ${route.wildcardPolicy}`]));
    }
    if (rules.allowWildcards && route.host !== "") {
      const blocked = claim(route);
      if (blocked !== undefined) return refuse("HostAlreadyClaimed", blocked.message, blocked.owner);
    }
    if (fault !== undefined) return refuse(...fault);

    const holders = active.get(route.host) ?? [];
    const oldest = holders[0];
    const foreign = !rules.interNamespace && oldest !== undefined && oldest.namespace !== route.namespace;
    if (oldest !== undefined && (foreign || holders.some((other) => collides(other, route)))) {
      return refuse(
        "HostAlreadyClaimed",
        oldest.namespace === route.namespace
          ? `route ${oldest.name} already exposes ${route.host} and is older`
          : `a route in another namespace holds ${route.host} and is older than ${route.name}`,
        oldest,
      );
    }
    push(active, route.host, route);
    const faults = tlsErrors(route);
    return faults.length > 0 ? refuse("ExtendedValidationFailed", faults.length === 1 ? (faults[0] ?? "") : `[${faults.join(", ")}]`) : { admitted: true };
  };

  for (const route of routes.toSorted(compareAge)) verdicts.set(route, judge(route));
  return verdicts;
}

/** The status a router writes into a Route. */
export function routeStatus(route: RouteConfig, verdict: Verdict | undefined, router: { readonly name: string; readonly canonicalHostname: string }): RouteStatus {
  return {
    namespace: route.namespace,
    name: route.name,
    admitted: verdict?.admitted,
    reason: verdict?.admitted === false ? verdict.reason : "",
    message: verdict?.admitted === false ? verdict.message : "",
    host: route.host,
    wildcardPolicy: route.wildcardPolicy,
    routerName: router.name,
    routerCanonicalHostname: router.canonicalHostname,
    origin: routeOrigin(route, "spec.host"),
    ...(verdict?.admitted === false && verdict.owner !== undefined && { owner: routeOrigin(verdict.owner) }),
  };
}
