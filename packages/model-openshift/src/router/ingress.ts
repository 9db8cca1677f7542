import { objectName, originOf, resourcesOf, SOURCE, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import type { RouterCaveat } from "../haproxy/program.ts";
import { REMOVED } from "./certificates.ts";
import { md5 } from "./md5.ts";
import { fields, list, text } from "./objects.ts";

const CONTROLLER = "openshift.io/ingress-to-route";
const TERMINATION = "route.openshift.io/termination";
const DESTINATION_CA = "route.openshift.io/destination-ca-certificate-secret";

export interface DerivedRoutes {
  readonly routes: readonly Resource[];
  readonly caveats: readonly RouterCaveat[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether OpenShift's own controller turns the Ingress into Routes: no class, or a class of that controller. */
function isHandled(snapshot: Snapshot, ingress: Resource): boolean {
  const name = text(fields(ingress.spec)["ingressClassName"]) || (ingress.metadata.annotations?.["kubernetes.io/ingress.class"] ?? "");
  if (name === "") return true;
  const found = resourcesOf(snapshot, "IngressClass").find((resource) => resource.metadata.name === name);
  return found === undefined ? name.startsWith("openshift-") : text(fields(found.spec)["controller"]) === CONTROLLER;
}

const has = (facts: unknown, key: string): boolean => list(fields(facts)["keys"]).includes(key) || key in fields(fields(facts)["data"]);

/** TLS of the routes of a host; `undefined` for none, a text for why there can be no Route. */
function tlsOf(snapshot: Snapshot, ingress: Resource, host: string): Fields | undefined | string {
  const { namespace, annotations } = ingress.metadata;
  const entries = list(fields(ingress.spec)["tls"]).map(fields);
  const bare = entries.some((entry) => list(entry["hosts"]).length === 0 && text(entry["secretName"]) === "");
  const entry = entries.find((candidate) => text(candidate["secretName"]) !== "" && list(candidate["hosts"]).includes(host));
  const wanted = annotations?.[TERMINATION] ?? "";
  const termination = ["edge", "passthrough", "reencrypt"].includes(wanted) ? wanted : entry !== undefined || bare ? "edge" : undefined;
  if (termination === undefined) return undefined;
  const secret = (name: string): Resource | undefined =>
    resourcesOf(snapshot, "Secret", { group: "", ...(namespace !== undefined && { namespace }) }).find((resource) => resource.metadata.name === name);
  const tls = { termination, insecureEdgeTerminationPolicy: "Redirect" };
  if (termination === "passthrough") return tls;
  const out: Record<string, string> = { ...tls };
  if (entry !== undefined) {
    const name = text(entry["secretName"]);
    const found = secret(name);
    if (found === undefined) return `the Secret "${name}" does not exist`;
    if (text(found["type"]) !== "kubernetes.io/tls" || !has(found, "tls.crt") || !has(found, "tls.key")) return `the Secret "${name}" is not of the type kubernetes.io/tls`;
    out["certificate"] = REMOVED;
    out["key"] = REMOVED;
  }
  const authority = annotations?.[DESTINATION_CA];
  if (termination === "reencrypt" && authority !== undefined) {
    if (secret(authority) === undefined) return `the Secret "${authority}" does not exist`;
    out["destinationCACertificate"] = REMOVED;
  }
  return out;
}

/** Name of the port of a Service that a backend names by name or number; `undefined` where there is none. */
function portName(snapshot: Snapshot, namespace: string | undefined, backend: Fields): string | undefined {
  const service = fields(backend["service"]);
  const wanted = fields(service["port"]);
  const found = resourcesOf(snapshot, "Service", { group: "", ...(namespace !== undefined && { namespace }) }).find((resource) => resource.metadata.name === text(service["name"]));
  const ports = list(fields(found?.spec)["ports"]).map(fields);
  const port = ports.find((candidate) => (text(wanted["name"]) === "" ? candidate["port"] === wanted["number"] : candidate["name"] === wanted["name"]));
  return port === undefined ? undefined : text(port["name"]);
}

function routesOf(snapshot: Snapshot, ingress: Resource): DerivedRoutes {
  const { name, namespace, annotations, labels, uid, creationTimestamp } = ingress.metadata;
  const caveats: RouterCaveat[] = [];
  const routes = list(fields(ingress.spec)["rules"]).flatMap((item, ruleIndex) => {
    const rule = fields(item);
    const host = text(rule["host"]);
    return list(fields(rule["http"])["paths"]).flatMap((entry, pathIndex): readonly Resource[] => {
      const path = fields(entry);
      const backend = fields(path["backend"]);
      const origin = originOf(ingress, `spec.rules[${ruleIndex}].http.paths[${pathIndex}]`);
      const skip = (why: string): readonly Resource[] => {
        caveats.push({ code: "router/ingress-without-route", problem: `${objectName(ingress)} gives no Route for "${host}${text(path["path"])}": ${why}`, origin, host });
        return [];
      };
      if (host === "") return skip("the rule has no host");
      if (path["pathType"] === "Exact") return skip('the path type "Exact" is not handled');
      if (backend["service"] === undefined) return skip("its backend is no Service");
      const port = portName(snapshot, namespace, backend);
      if (port === undefined) return skip("the Service or its port does not exist");
      const tls = tlsOf(snapshot, ingress, host);
      if (typeof tls === "string") return skip(tls);
      const given = text(path["path"]);
      const made: Resource = {
        apiVersion: "route.openshift.io/v1",
        kind: "Route",
        metadata: {
          name: `${name.slice(0, 57)}-${md5(`${host}${given}`).slice(0, 5)}`,
          ...(namespace !== undefined && { namespace }),
          ...(annotations !== undefined && { annotations }),
          ...(labels !== undefined && { labels }),
          ...(creationTimestamp !== undefined && { creationTimestamp }),
          ownerReferences: [{ kind: "Ingress", name, ...(uid !== undefined && { uid }) }],
        },
        spec: {
          host: host.startsWith("*.") ? `wildcard${host.slice(1)}` : host,
          ...(host.startsWith("*.") && { wildcardPolicy: "Subdomain" }),
          path: given,
          to: { kind: "Service", name: text(fields(backend["service"])["name"]), weight: 100 },
          ...(port !== "" && { port: { targetPort: port } }),
          ...(tls !== undefined && { tls }),
        },
      };
      const source = ingress[SOURCE];
      return [source === undefined ? made : { ...made, [SOURCE]: source }];
    });
  });
  return { routes, caveats };
}

/**
 * Routes that OpenShift makes of Ingress objects, for those whose Routes are not in the snapshot.
 *
 * @remarks Differs: the five random letters at a Route's name are a hash of its host and path here.
 * @see openshift/route-controller-manager release-4.14, pkg/route/ingress/ingress.go
 */
export function ingressRoutes(snapshot: Snapshot): DerivedRoutes {
  const owned = new Set(
    resourcesOf(snapshot, "Route", { group: "route.openshift.io" }).flatMap((route) =>
      (route.metadata.ownerReferences ?? []).filter(({ kind }) => kind === "Ingress").map((owner) => `${route.metadata.namespace ?? "default"}/${owner.name}`),
    ),
  );
  const made = resourcesOf(snapshot, "Ingress", { group: "networking.k8s.io" })
    .filter((ingress) => !owned.has(`${ingress.metadata.namespace ?? "default"}/${ingress.metadata.name}`) && isHandled(snapshot, ingress))
    .map((ingress) => routesOf(snapshot, ingress));
  return { routes: made.flatMap(({ routes }) => routes), caveats: made.flatMap(({ caveats }) => caveats) };
}
