import type { MeshObject } from "./mesh-objects.ts";

/** Mode of a PeerAuthentication without a selector; empty where it says nothing, or is for some workloads only. */
export const peerMode = ({ spec }: MeshObject): string => (spec.selector !== undefined ? "" : modeOf(spec.mtls));

/** Mode that a PeerAuthentication states, for whomever. */
export const modeOf = (mtls: { readonly mode?: string } | undefined): string => (mtls === undefined ? "" : (mtls.mode ?? "UNSET"));

export const enables = (mode: string): boolean => mode === "STRICT" || mode === "PERMISSIVE";

/** TLS mode of a DestinationRule; empty without one. A mode that is not written is DISABLE. */
export const ruleMode = ({ spec }: MeshObject): string => (spec.trafficPolicy?.tls === undefined ? "" : (spec.trafficPolicy.tls.mode ?? "DISABLE"));

const forHost = (rule: MeshObject, host: string): string => (rule.spec.host === host ? ruleMode(rule) : "");
export const meshWide = (rule: MeshObject): string => forHost(rule, "*.local");
export const namespaceWide = (rule: MeshObject, namespace: string): string => forHost(rule, `*.${namespace}.svc.cluster.local`);

export type Status = "enabled" | "partial" | "disabled" | "none";

interface Tls {
  readonly rule: string;
  readonly peer: string;
  readonly status: Status;
}

const isMutual = (mode: string): boolean => mode === "ISTIO_MUTUAL" || mode === "MUTUAL";

/** What a rule and a policy come to together, PERMISSIVE counting as enabled. */
export function tlsOf(rule: string, peer: string, auto: boolean): Tls {
  const open = rule === "" && auto;
  const status: Status = enables(peer) && (isMutual(rule) || open) ? "enabled" : peer === "DISABLE" && (rule === "DISABLE" || open) ? "disabled" : peer === "" && rule === "" ? "none" : "partial";
  return { rule, peer, status };
}

function meshStatus({ rule, peer, status }: Tls, auto: boolean): Status {
  if (status === "enabled" || status === "disabled") return status;
  if (peer === "" && rule === "") return "none";
  if ((peer === "DISABLE" && rule === "") || (rule === "DISABLE" && peer === "")) return "disabled";
  return auto && ((enables(peer) && rule === "") || (isMutual(rule) && peer === "")) ? "enabled" : "partial";
}

/** The namespace's own settings, completed by the mesh's. @see Kiali 1.73, util/mtls/status.go */
export function overallStatus(own: Tls, mesh: Tls, auto: boolean): Status {
  if (own.status === "enabled" || own.status === "disabled") return own.status;
  if (own.status === "partial") return meshStatus(tlsOf(own.rule === "" ? mesh.rule : own.rule, own.peer === "" ? mesh.peer : own.peer, auto), auto);
  return meshStatus({ ...mesh, status: meshStatus(mesh, auto) }, auto);
}
