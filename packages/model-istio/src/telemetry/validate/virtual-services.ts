import { gatewayHost, hostOf, hostText, names, parseHost } from "./host.ts";
import { type Destination, inEntries, inRegistry, type MeshObject, type RouteOf, type Scene } from "./mesh-objects.ts";
import { type Check, check, type Report, say } from "./report.ts";

const KINDS = ["http", "tcp", "tls"] as const;
type Found = { readonly kind: (typeof KINDS)[number]; readonly route: RouteOf; readonly index: number };

const routesOf = ({ spec }: MeshObject): readonly Found[] => KINDS.flatMap((kind) => (spec[kind] ?? []).map((route, index) => ({ kind, route, index })));

/** Every destination that a VirtualService routes to, with its path. */
export const destinationsOf = (service: MeshObject): readonly { readonly path: string; readonly destination: Destination }[] =>
  routesOf(service).flatMap(({ kind, route, index }) => (route.route ?? []).map(({ destination = {} }, at) => ({ path: `spec/${kind}[${index}]/route[${at}]`, destination })));

function weights(service: MeshObject, { namespaces }: Scene): readonly Check[] {
  return routesOf(service).flatMap(({ kind, route, index }) => {
    const targets = route.route ?? [];
    const weight = targets[0]?.weight ?? 0;
    const alone = targets.length === 1 && weight < 100 && (kind !== "http" || weight > 0) ? [check("KIA1104", `spec/${kind}[${index}]/route[0]/weight`)] : [];
    const keys = targets.map(({ destination }) => `${hostText(hostOf(destination?.host ?? "", service.namespace, namespaces))}${destination?.subset ?? ""}`);
    const twice = keys.flatMap((key, at) => (keys.filter((other) => other === key).length > 1 ? [check("KIA1105", `spec/${kind}[${index}]/route[${at}]/host`)] : []));
    return [...alone, ...twice];
  });
}

function subsets(service: MeshObject, { namespaces, destinationRules }: Scene): readonly Check[] {
  return destinationsOf(service).flatMap(({ path, destination: { host = "", subset = "" } }) => {
    if (host === "" || subset === "") return [];
    const asked = hostOf(host, service.namespace, namespaces);
    const defined = destinationRules.some((rule) => {
      const own = hostOf(rule.spec.host ?? "", rule.namespace, namespaces);
      return names(hostText(asked), asked.namespace, own.service, own.namespace) && (rule.spec.subsets ?? []).some(({ name }) => name === subset);
    });
    return defined ? [] : [check("KIA1107", `${path}/destination`)];
  });
}

/** Exports to namespaces that do not exist. */
export const lostExports = ({ spec }: MeshObject, { namespaces }: Scene): readonly Check[] =>
  (spec.exportTo ?? []).flatMap((name, index) => (name === "." || name === "*" || namespaces.includes(name) ? [] : [check("KIA0005", `spec/exportTo[${index}]`)]));

function gateways(service: MeshObject, scene: Scene): { readonly valid: boolean; readonly checks: readonly Check[] } {
  const known = scene.gateways.map(({ name, namespace }) => hostText(parseHost(name, namespace)));
  const missing = (list: readonly string[], path: string): readonly Check[] =>
    list.flatMap((gateway, index) => {
      if (gateway === "mesh") return [];
      const old = gateway.includes(".") ? [check("KIA1108", `spec/gateways[${index}]`)] : [];
      const asked = gatewayHost(gateway, service.namespace);
      const found = known.some((one) => names(hostText(asked), asked.namespace, one, parseHost(one, service.namespace).namespace));
      return found ? old : [...old, check("KIA1102", `${path}/gateways[${index}]`)];
    });
  const own = missing(service.spec.gateways ?? [], "spec");
  const checks = [...own];
  let valid = own.every(({ code }) => code !== "KIA1102");
  for (const [index, { match = [] }] of (service.spec.http ?? []).entries()) {
    for (const { gateways: list = [] } of match) {
      // Once something is missing the rest is not looked at.
      if (!valid) break;
      const more = missing(list, `spec/http[${index}]/match`);
      checks.push(...more);
      valid = more.every(({ code }) => code !== "KIA1102");
    }
  }
  return { valid, checks };
}

function sameHosts(scene: Scene, report: Report): void {
  const groups = new Map<string, Map<string, MeshObject[]>>();
  for (const service of scene.virtualServices) {
    for (const host of service.spec.hosts ?? []) {
      const { cluster, namespace, service: name } = hostOf(host, service.namespace, scene.namespaces);
      for (const gateway of (service.spec.gateways ?? []).length === 0 ? ["no-gateway"] : (service.spec.gateways ?? [])) {
        const key = JSON.stringify([gateway, cluster, namespace]);
        const group = groups.get(key) ?? new Map<string, MeshObject[]>();
        groups.set(key, group.set(name, [...(group.get(name) ?? []), service]));
      }
    }
  }
  for (const group of groups.values()) {
    const wild = group.has("*") && group.size > 1;
    for (const services of group.values()) for (const { name, namespace } of services) if (services.length > 1 || wild) say(report, { kind: "virtualservice", namespace, name }, true, [check("KIA1106", "spec/hosts")]);
  }
}

/** @see Kiali 1.73, business/checkers/virtualservices */
export function checkVirtualServices(scene: Scene, report: Report): void {
  for (const service of scene.virtualServices) {
    const subject = { kind: "virtualservice", namespace: service.namespace, name: service.name };
    if (scene.registry.length > 0) {
      const lost = destinationsOf(service).flatMap(({ path, destination: { host = "" } }) => {
        if (host === "") return [];
        const full = hostText(hostOf(host, service.namespace, scene.namespaces));
        return inEntries(scene, full) || inRegistry(scene, service.namespace, full) ? [] : [check("KIA1101", `${path}/destination/host`, scene.allowAny ? "warning" : undefined)];
      });
      say(report, subject, lost.length === 0, lost);
      const { valid, checks } = gateways(service, scene);
      say(report, subject, valid, checks);
    }
    const outside = lostExports(service, scene);
    say(report, subject, outside.length === 0, [...weights(service, scene), ...subsets(service, scene), ...outside]);
  }
  sameHosts(scene, report);
}
