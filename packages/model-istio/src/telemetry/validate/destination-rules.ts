import { matchesLabels } from "@hopscope/model-kubernetes";
import { hostOf, hostText, isWildcard, type KialiHost, names, parseHost, twoParts } from "./host.ts";
import { inEntries, inRegistry, type MeshObject, type Scene } from "./mesh-objects.ts";
import { enables, meshWide, namespaceWide, peerMode, ruleMode } from "./mtls.ts";
import { type Check, check, type Report, say } from "./report.ts";
import { destinationsOf, lostExports } from "./virtual-services.ts";

const MODE = "spec/trafficPolicy/tls/mode";
const subjectOf = ({ namespace, name }: MeshObject): { readonly kind: string; readonly namespace: string; readonly name: string } => ({ kind: "destinationrule", namespace, name });

function hasService(host: KialiHost, rule: MeshObject, scene: Scene): boolean {
  if (isWildcard(host)) return true;
  const [service, namespace] = twoParts(host);
  if (namespace === rule.namespace && (scene.workloads.get(namespace) ?? []).some(({ labels }) => labels["app"] === service)) return true;
  return inEntries(scene, hostText(host)) || inRegistry(scene, rule.namespace, hostText(host));
}

function hasWorkload(host: KialiHost, labels: Readonly<Record<string, string>>, { registry, workloads, serviceEntries }: Scene): boolean {
  if (isWildcard(host)) return true;
  const [service, namespace] = twoParts(host);
  const selector = registry.find((entry) => entry.name === service && entry.namespace === namespace)?.selector ?? {};
  if (Object.keys(selector).length > 0) return (workloads.get(namespace) ?? []).some((one) => matchesLabels(selector, one.labels) && matchesLabels(labels, one.labels));
  return serviceEntries.some(({ spec }) => (spec.endpoints ?? []).some((endpoint) => matchesLabels(labels, endpoint.labels)));
}

/** Whether a route uses the subset. Kiali reads the route's host in the rule's namespace and the rule's in the VirtualService's. */
function isReferenced(rule: MeshObject, subset: string, { virtualServices, namespaces }: Scene): boolean {
  return virtualServices.some((service) => destinationsOf(service).some(({ destination }) => {
    const used = hostOf(destination.host ?? "", rule.namespace, namespaces);
    const own = hostOf(rule.spec.host ?? "", service.namespace, namespaces);
    return destination.subset === subset && names(hostText(own), own.namespace, used.service, used.namespace);
  }));
}

function targets(rule: MeshObject, scene: Scene): { readonly valid: boolean; readonly checks: readonly Check[] } {
  const host = hostOf(rule.spec.host ?? "", rule.namespace, scene.namespaces);
  if (!hasService(host, rule, scene)) return { valid: false, checks: [check("KIA0202", "spec/host", scene.allowAny ? "warning" : undefined)] };
  const checks: Check[] = [];
  const bare: string[] = [];
  let [valid, labelled] = [true, false];
  for (const [index, { name = "", labels = {} }] of (rule.spec.subsets ?? []).entries()) {
    const path = `spec/subsets[${index}]`;
    if (Object.keys(labels).length === 0) bare.push(path);
    else if (hasWorkload(host, labels, scene)) labelled = true;
    else {
      const used = isReferenced(rule, name, scene);
      if (used) valid = false;
      checks.push(check("KIA0203", path, used ? undefined : "unknown"));
    }
  }
  return { valid, checks: [...checks, ...bare.map((path) => check("KIA0209", path, labelled ? "unknown" : undefined))] };
}

/** What a rule for a whole namespace, or the whole mesh, asks of the policies on the other side. */
function wideModes(rule: MeshObject, { peerAuthentications, meshPeerAuthentications }: Scene): readonly Check[] {
  const own = namespaceWide(rule, rule.namespace);
  const mesh = meshWide(rule);
  const out: Check[] = [];
  if (own === "DISABLE") {
    const first = peerAuthentications.map(peerMode).find(enables);
    if (first === "STRICT") out.push(check("KIA0207", MODE));
    else if (first === undefined && !peerAuthentications.some((peer) => peerMode(peer) === "DISABLE") && meshPeerAuthentications.some((peer) => peerMode(peer) === "STRICT")) out.push(check("KIA0208", MODE));
  }
  if (mesh === "DISABLE" && meshPeerAuthentications.some((peer) => peerMode(peer) === "STRICT")) out.push(check("KIA0208", MODE));
  if (own === "ISTIO_MUTUAL" && ![...peerAuthentications, ...meshPeerAuthentications].some((peer) => enables(peerMode(peer)))) out.push(check("KIA0206", MODE));
  if (mesh === "ISTIO_MUTUAL" && !meshPeerAuthentications.some((peer) => enables(peerMode(peer)))) out.push(check("KIA0205", MODE));
  return out;
}

const isMutual = (rule: MeshObject): boolean => ruleMode(rule) === "ISTIO_MUTUAL";

function sameHosts({ destinationRules, namespaces }: Scene, report: Report): void {
  const seen = new Map<string, Map<string, MeshObject[]>>();
  const meet = (rule: MeshObject, subsets: readonly string[], before: ReadonlyMap<string, readonly MeshObject[]>): void => {
    const all = subsets.length === 1 && subsets[0] === "~" ? [...before.keys()] : ["~", ...subsets];
    for (const other of all.flatMap((subset) => before.get(subset) ?? [])) for (const one of [rule, other]) say(report, subjectOf(one), true, [check("KIA0201", "spec/host")]);
  };
  for (const rule of destinationRules) {
    const host = hostOf(rule.spec.host ?? "", rule.namespace, namespaces);
    const key = hostText(host);
    if (key.startsWith("*") && isMutual(rule)) continue;
    const subsets = (rule.spec.subsets ?? []).length === 0 ? ["~"] : (rule.spec.subsets ?? []).map(({ name = "" }) => name);
    const wild = seen.get(`*.${host.namespace}.${host.cluster}`);
    const exact = seen.get(key);
    for (const before of [...(isWildcard(host) ? seen.values() : []), ...(wild === undefined ? [] : [wild]), ...(exact === undefined ? [] : [exact])]) meet(rule, subsets, before);
    const own = exact ?? new Map<string, MeshObject[]>();
    seen.set(key, own);
    for (const subset of subsets) own.set(subset, [...(own.get(subset) ?? []), rule]);
  }
}

/** A rule without TLS settings undoes a wider one that has them. */
function overridden({ destinationRules }: Scene, report: Report): void {
  const wide = destinationRules.filter((rule) => hostText(parseHost(rule.spec.host ?? "", rule.namespace)).startsWith("*") && isMutual(rule));
  for (const rule of destinationRules) {
    const host = parseHost(rule.spec.host ?? "", rule.namespace);
    const above = wide.some((other) => {
      const its = parseHost(other.spec.host ?? "", rule.namespace);
      return its.service === "*.local" || (its.cluster === host.cluster && its.namespace === host.namespace);
    });
    const beside = destinationRules.some((other) => !(other.name === rule.name && other.namespace === rule.namespace) && isMutual(other) && (other.spec.host === `*.${host.namespace}.${host.cluster}` || other.spec.host === hostText(host)));
    const policy = rule.spec.trafficPolicy;
    const silent = policy === undefined || (policy.tls === undefined && !(policy.portLevelSettings ?? []).some(({ tls }) => tls !== undefined));
    if ((above || beside) && silent) say(report, subjectOf(rule), true, [check("KIA0204", "spec/trafficPolicy")], { apart: true });
  }
}

/** @see Kiali 1.73, business/checkers/destinationrules */
export function checkDestinationRules(scene: Scene, report: Report): void {
  for (const rule of scene.destinationRules) {
    if (scene.registry.length > 0) {
      const { valid, checks } = targets(rule, scene);
      say(report, subjectOf(rule), valid, checks);
    }
    const found = [...wideModes(rule, scene), ...lostExports(rule, scene)];
    say(report, subjectOf(rule), found.length === 0, found);
  }
  sameHosts(scene, report);
  overridden(scene, report);
}
