import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { resourcesOf } from "@hopscope/model-kubernetes";
import { byAge, selects } from "../mesh/config-order.ts";
import type { Labels } from "../types.ts";

export type MtlsMode = "DISABLE" | "PERMISSIVE" | "STRICT";
interface Spec {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly mtls?: { readonly mode?: string };
  readonly portLevelMtls?: Readonly<Record<string, { readonly mode?: string }>>;
}

export interface PeerMode {
  readonly mode: MtlsMode;
  readonly ports: ReadonlyMap<number, MtlsMode>;
  readonly from?: Resource;
}

const modeOf = (mtls: { readonly mode?: string } | undefined): MtlsMode | undefined =>
  mtls?.mode === "DISABLE" || mtls?.mode === "PERMISSIVE" || mtls?.mode === "STRICT" ? mtls.mode : undefined;

/** The oldest PeerAuthentications of each level decide; UNSET inherits from the level above, and PERMISSIVE stands at the top. */
export interface PeerAuthentications {
  /** Of a workload. @see istio 1.18 pilot/pkg/security/authn/policy_applier.go ComposePeerAuthentication */
  readonly workload: (namespace: string, labels: Labels) => PeerMode;
  /** Of a namespace; undefined where no policy speaks. */
  readonly namespace: (namespace: string) => MtlsMode | undefined;
}

export function readPeerAuthentications(snapshot: Pick<Snapshot, "resources">, root: string): PeerAuthentications {
  const all = [...resourcesOf(snapshot, "PeerAuthentication")].sort(byAge);
  const spec = (resource: Resource): Spec => (resource.spec ?? {}) as Spec;
  const wide = (namespace: string): Resource | undefined =>
    all.find((resource) => resource.metadata.namespace === namespace && Object.keys(spec(resource).selector?.matchLabels ?? {}).length === 0);
  const namespaceMode = (namespace: string): { readonly mode?: MtlsMode; readonly from?: Resource } => {
    const mesh = wide(root);
    const own = namespace === root ? undefined : wide(namespace);
    const ownMode = own === undefined ? undefined : modeOf(spec(own).mtls);
    if (ownMode !== undefined && own !== undefined) return { mode: ownMode, from: own };
    const meshMode = mesh === undefined ? undefined : modeOf(spec(mesh).mtls);
    if (mesh !== undefined) return { mode: meshMode ?? "PERMISSIVE", from: mesh };
    return own === undefined ? {} : { mode: "PERMISSIVE", from: own };
  };
  return {
    namespace: (namespace) => namespaceMode(namespace).mode,
    workload: (namespace, labels) => {
      const inherited = namespaceMode(namespace);
      const own = namespace === root ? undefined : all.find((resource) => {
        const matchLabels = spec(resource).selector?.matchLabels ?? {};
        return resource.metadata.namespace === namespace && Object.keys(matchLabels).length > 0 && selects(matchLabels, labels);
      });
      const mode = (own === undefined ? undefined : modeOf(spec(own).mtls)) ?? inherited.mode ?? "PERMISSIVE";
      const ports = new Map(Object.entries((own === undefined ? undefined : spec(own).portLevelMtls) ?? {}).map(([port, mtls]) => [Number(port), modeOf(mtls) ?? mode]));
      const from = own ?? inherited.from;
      return { mode, ports, ...(from === undefined ? {} : { from }) };
    },
  };
}
