import { matchesLabels } from "@hopscope/model-kubernetes";
import { hostOf, hostText, isWildcard, type KialiHost, names, parseHost, twoParts } from "./host.ts";
import { inEntries, inRegistry, type MeshObject, type Scene, selected } from "./mesh-objects.ts";
import { meshWide, modeOf, namespaceWide, overallStatus, peerMode, ruleMode, type Status, tlsOf } from "./mtls.ts";
import { type Check, check, type Report, say } from "./report.ts";
import { checkOverlaps, selectsNobody } from "./selectors.ts";

const LABELS = "spec/selector/matchLabels";
const isMutual = (mode: string): boolean => mode === "ISTIO_MUTUAL" || mode === "MUTUAL";

function peerChecks(peer: MeshObject, { destinationRules, rootNamespace, autoMtls }: Scene): readonly Check[] {
  const mode = peerMode(peer);
  const root = peer.namespace === rootNamespace;
  if (mode === "DISABLE") {
    if (root) return destinationRules.some((rule) => isMutual(meshWide(rule))) ? [check("KIA0506", "spec/mtls")] : [];
    for (const [index, rule] of destinationRules.entries()) {
      const own = namespaceWide(rule, peer.namespace);
      if (isMutual(own)) return [check("KIA0505", "spec/mtls")];
      if (own === "DISABLE") return [];
      if (index === destinationRules.length - 1) return destinationRules.some((other) => isMutual(meshWide(other))) ? [check("KIA0505", "spec/mtls")] : [];
    }
    return [];
  }
  if (mode !== "STRICT" || autoMtls) return [];
  const enabled = destinationRules.some((rule) => meshWide(rule) === "ISTIO_MUTUAL" || (!root && namespaceWide(rule, peer.namespace) === "ISTIO_MUTUAL"));
  return enabled ? [] : [check(root ? "KIA0401" : "KIA0501", "spec/mtls")];
}

/** @see Kiali 1.73, business/checkers/peerauthentications */
export function checkPeerAuthentications(scene: Scene, report: Report): void {
  const kind = "peerauthentication";
  checkOverlaps(scene.peerAuthentications.map((of) => ({ of, labels: selected(of) ?? {} })), scene, report, { kind, path: "spec/selector" });
  for (const peer of scene.peerAuthentications) {
    const found = peerChecks(peer, scene);
    say(report, { kind, namespace: peer.namespace, name: peer.name }, found.length === 0, [...selectsNobody(scene, selected(peer) ?? {}, LABELS), ...found]);
  }
}

/** @see Kiali 1.73, business/checkers/request_authentication_checker.go */
export function checkRequestAuthentications(scene: Scene, report: Report): void {
  const kind = "requestauthentication";
  checkOverlaps(scene.requestAuthentications.map((of) => ({ of, labels: selected(of) ?? {} })), scene, report, { kind, path: "spec/selector", selectorless: true });
  for (const one of scene.requestAuthentications) say(report, { kind, namespace: one.namespace, name: one.name }, true, selectsNobody(scene, selected(one) ?? {}, LABELS));
}

function inRoutes(host: KialiHost, { virtualServices }: Scene): boolean {
  return virtualServices.some((service) => (service.spec.hosts ?? []).some((name) => {
    if (name === "*" || (name === host.service && service.namespace === host.namespace) || name === `*.${host.namespace}.svc.cluster.local`) return true;
    if (name === `${host.service}.${host.namespace}` || name === `${host.service}.${host.namespace}.svc.cluster.local`) return true;
    const own = parseHost(name, service.namespace);
    return (!own.complete && !host.complete && own.service === host.service) || (name.startsWith("*") && name.length > 2 && host.service.endsWith(name.slice(2)));
  }));
}

const METHODS = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"]);
const isMethod = (method: string): boolean => METHODS.has(method.toUpperCase().trim()) || /^((\/[a-zA-Z.]+)+)(\/[a-zA-Z]+)$/.test(method);

function isAccount(principal: string, { serviceAccounts }: Scene): boolean {
  if (principal === "*" || serviceAccounts.includes(principal)) return true;
  if (!principal.startsWith("*") && !principal.endsWith("*")) return false;
  const parts = principal.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, (sign) => (sign === "." ? "." : `\\${sign}`)));
  return serviceAccounts.some((account) => new RegExp(`^${parts.join(".*")}$`).test(account));
}

function policyChecks(policy: MeshObject, scene: Scene): { readonly valid: boolean; readonly checks: readonly Check[] } {
  const checks: Check[] = [...selectsNobody(scene, selected(policy) ?? {}, LABELS)];
  const add = (code: string, path: string, severity?: "warning"): void => void checks.push(check(code, path, severity));
  for (const [at, { from = [], to = [] }] of (policy.spec.rules ?? []).entries()) {
    for (const [index, { source = {} }] of from.entries()) {
      (source.namespaces ?? []).forEach((name, n) => { if (!scene.namespaces.includes(name)) add("KIA0101", `spec/rules[${at}]/from[${index}]/source/namespaces[${n}]`); });
      (source.principals ?? []).forEach((name, n) => { if (!isAccount(name, scene)) add("KIA0106", `spec/rules[${at}]/from[${index}]/source/principals[${n}]`); });
    }
    for (const [index, { operation = {} }] of to.entries()) {
      (operation.methods ?? []).forEach((name, n) => { if (!isMethod(name)) add("KIA0102", `spec/rules[${at}]/to[${index}]/operation/methods[${n}]`); });
      (operation.hosts ?? []).forEach((name, n) => {
        const host = hostOf(name, policy.namespace, scene.namespaces);
        const known = (isWildcard(host) && twoParts(host)[1] === policy.namespace) || inEntries(scene, hostText(host)) || inRoutes(host, scene) || inRegistry(scene, policy.namespace, hostText(host));
        if (!known) add("KIA0104", `spec/rules[${at}]/to[${index}]/operation/hosts[${n}]`, scene.allowAny ? "warning" : undefined);
      });
    }
  }
  return { valid: !checks.some(({ code }) => code === "KIA0104" || code === "KIA0106"), checks };
}

/** Whether what reaches the selected workloads is encrypted, as Kiali reckons it. */
function isEncrypted(policy: MeshObject, scene: Scene): boolean {
  const { peerAuthentications, meshPeerAuthentications, destinationRules, autoMtls } = scene;
  const first = (modes: readonly string[]): string => modes.find((mode) => mode !== "") ?? "";
  const own = tlsOf(first(destinationRules.map((rule) => namespaceWide(rule, policy.namespace))), first(peerAuthentications.map(peerMode)), autoMtls);
  const mesh = tlsOf(first(destinationRules.map(meshWide)), first(meshPeerAuthentications.map(peerMode)), autoMtls);
  const status: Status = overallStatus(own, mesh, autoMtls);
  const wide = status === "enabled" || (status === "none" && autoMtls);
  const labels = selected(policy) ?? {};
  for (const peer of peerAuthentications) {
    const wanted = selected(peer);
    if (wanted === undefined || !matchesLabels(wanted, labels)) continue;
    const mode = modeOf(peer.spec.mtls);
    if (mode === "STRICT") return true;
    if (mode === "DISABLE") return false;
    if (mode === "PERMISSIVE") return ruleOf(scene, policy.namespace, wanted) ?? wide;
  }
  return wide;
}

/** What the DestinationRules of the Services that carry the labels say, if anything. */
function ruleOf({ registry, destinationRules }: Scene, namespace: string, labels: Readonly<Record<string, string>>): boolean | undefined {
  for (const entry of registry.filter((one) => (one.exportTo.length === 0 || one.exportTo.includes("*") || one.exportTo.includes(namespace)) && matchesLabels(labels, one.labels))) {
    for (const rule of destinationRules.filter((one) => names(one.spec.host ?? "", one.namespace, entry.name, entry.namespace))) {
      const mode = ruleMode(rule);
      if (isMutual(mode)) return true;
      if (mode === "DISABLE") return false;
    }
  }
  return undefined;
}

const NEED_MTLS = new Set(["source.namespace", "source.principal", "connection.sni"]);

function needs({ spec }: MeshObject): readonly string[] {
  return (spec.rules ?? []).flatMap(({ from = [], when = [] }, at) => [
    ...from.flatMap(({ source = {} }) => (["principals", "notPrincipals", "namespaces", "notNamespaces"] as const).filter((field) => (source[field] ?? []).length > 0).map((field) => `spec/rules[${at}]/source/${field}`)),
    ...when.flatMap(({ key = "" }, index) => (NEED_MTLS.has(key) ? [`spec/rules[${at}]/when[${index}]`] : [])),
  ]);
}

/** @see Kiali 1.73, business/checkers/authorization and workloads */
export function checkAuthorization(scene: Scene, report: Report): void {
  const kind = "authorizationpolicy";
  for (const policy of scene.authorizationPolicies) {
    const subject = { kind, namespace: policy.namespace, name: policy.name };
    const { valid, checks } = policyChecks(policy, scene);
    say(report, subject, valid, checks);
    const paths = isEncrypted(policy, scene) ? [] : needs(policy);
    if (paths.length > 0) say(report, subject, false, paths.map((path) => check("KIA0105", path)), { apart: true });
  }
  for (const [namespace, workloads] of scene.workloads) {
    for (const { name, labels } of workloads) {
      const covered = scene.authorizationPolicies.some((policy) => (policy.namespace === scene.rootNamespace || policy.namespace === namespace) && matchesLabels(selected(policy) ?? {}, labels));
      say(report, { kind: "workload", namespace, name }, true, covered ? [] : [check("KIA1301", "workload")]);
    }
  }
}

