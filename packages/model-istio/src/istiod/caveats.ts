import type { Caveat } from "@hopscope/core";
import type { Resource, Snapshot } from "@hopscope/model-kubernetes";
import { objectName, originOf, resourcesOf } from "@hopscope/model-kubernetes";
import { readFlags } from "./mesh/mesh.ts";
import type { CompileOptions } from "./types.ts";

const KINDS = ["WasmPlugin", "ProxyConfig", "Telemetry"];

const PATCHED = new Set(["LISTENER", "LISTENER_FILTER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER", "ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE", "CLUSTER"]);

interface Uncompiled { readonly what: string; readonly but?: string; readonly found: readonly { readonly resource: Resource; readonly path: string }[] }
interface ListenerSpec { readonly captureMode?: string }
interface SidecarSpec { readonly ingress?: readonly ListenerSpec[]; readonly egress?: readonly ListenerSpec[] }
interface FilterSpec { readonly configPatches?: readonly { readonly applyTo?: string }[] }

/** What istiod would compile of these objects and this model does not, said once for each kind. */
export function modelCaveats(seen: Pick<Snapshot, "resources">, options: CompileOptions): readonly Caveat[] {
  const whole = (resources: readonly Resource[], path = ""): Uncompiled["found"] => resources.map((resource) => ({ resource, path }));
  const gatewayApi = readFlags(seen, options).gatewayApi;
  const patches = resourcesOf(seen, "EnvoyFilter").flatMap((resource) =>
    (((resource.spec ?? {}) as FilterSpec).configPatches ?? []).map(({ applyTo }, index) => ({ resource, applyTo, path: `spec.configPatches[${index}].applyTo` })));
  const bound = resourcesOf(seen, "Sidecar").flatMap((resource) => (["ingress", "egress"] as const).flatMap((side) =>
    (((resource.spec ?? {}) as SidecarSpec)[side] ?? []).flatMap((listener, index) => (listener.captureMode === "NONE" ? [{ resource, path: `spec.${side}[${index}]` }] : []))));
  const all: readonly Uncompiled[] = [
    ...KINDS.map((kind) => ({ what: kind, found: whole(resourcesOf(seen, kind)) })),
    ...(gatewayApi ? [{ what: "GRPCRoute of the Gateway API", found: whole(resourcesOf(seen, "GRPCRoute")) }] : []),
    { what: "EnvoyFilter patch that is not for listeners, filters, routes or clusters", found: patches.filter(({ applyTo }) => applyTo === undefined || !PATCHED.has(applyTo)) },
    { what: "port of a Sidecar listener with captureMode NONE", but: "is compiled, but not opened in the pods", found: bound },
    { what: "Pod with interceptionMode NONE", but: "has its ports compiled, but not opened in the pod", found: whole(resourcesOf(seen, "Pod").filter((pod) => pod.metadata.annotations?.["sidecar.istio.io/interceptionMode"] === "NONE"), "metadata.annotations") },
  ];
  return all.flatMap(({ what, found, but }): Caveat[] => {
    const first = found[0];
    if (first === undefined) return [];
    const more = found.length === 1 ? "" : ` and ${found.length - 1} more`;
    return [{ code: "mesh/kind-not-compiled", problem: `${what} ${but ?? "is not compiled into the proxies' configuration"}: ${objectName(first.resource)}${more}`, origin: originOf(first.resource, first.path === "" ? undefined : first.path) }];
  });
}
