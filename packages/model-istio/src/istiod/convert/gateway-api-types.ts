import type { LabelSelector } from "@hopscope/model-kubernetes";
import type { Labels } from "../types.ts";

/** What istiod reads of the Gateway API's objects. */
export const GATEWAY_GROUP = "gateway.networking.k8s.io";

export interface ParentRef { readonly group?: string; readonly kind?: string; readonly name: string; readonly namespace?: string; readonly sectionName?: string; readonly port?: number }
export interface BackendRef { readonly group?: string; readonly kind?: string; readonly name: string; readonly namespace?: string; readonly port?: number; readonly weight?: number; readonly filters?: readonly RouteFilter[] }
interface NameValue { readonly name: string; readonly value: string }
export interface HeaderFilter { readonly set?: readonly NameValue[]; readonly add?: readonly NameValue[]; readonly remove?: readonly string[] }
export interface PathModifier { readonly type?: string; readonly replaceFullPath?: string; readonly replacePrefixMatch?: string }
export interface RouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderFilter; readonly responseHeaderModifier?: HeaderFilter;
  readonly requestRedirect?: { readonly scheme?: string; readonly hostname?: string; readonly path?: PathModifier; readonly port?: number; readonly statusCode?: number };
  readonly requestMirror?: { readonly backendRef: BackendRef };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathModifier };
}
interface NamedMatch { readonly type?: string; readonly name: string; readonly value: string }
export interface RouteMatch { readonly path?: { readonly type?: string; readonly value?: string }; readonly headers?: readonly NamedMatch[]; readonly queryParams?: readonly NamedMatch[]; readonly method?: string }
export interface RouteRule { readonly matches?: readonly RouteMatch[]; readonly filters?: readonly RouteFilter[]; readonly backendRefs?: readonly BackendRef[] }
export interface RouteSpec { readonly parentRefs?: readonly ParentRef[]; readonly hostnames?: readonly string[]; readonly rules?: readonly RouteRule[] }

export interface ListenerSpec {
  readonly name: string; readonly hostname?: string; readonly port: number; readonly protocol: string;
  readonly tls?: { readonly mode?: string; readonly certificateRefs?: readonly { readonly group?: string; readonly kind?: string; readonly name: string; readonly namespace?: string }[]; readonly options?: Labels };
  readonly allowedRoutes?: { readonly namespaces?: { readonly from?: string; readonly selector?: LabelSelector }; readonly kinds?: readonly { readonly group?: string; readonly kind: string }[] };
}
export interface GatewaySpec { readonly gatewayClassName?: string; readonly addresses?: readonly { readonly type?: string; readonly value: string }[]; readonly listeners?: readonly ListenerSpec[] }

/** Something a route can be attached to: one listener of a Gateway, or the mesh. */
export interface Parent {
  /** `mesh` or `namespace/name` of the Gateway made from it. */
  readonly name: string;
  readonly kinds: readonly string[];
  /** Empty for the mesh. */
  readonly hosts: readonly string[];
  readonly section: string;
  readonly port: number;
}

/** Says whether an object of a namespace may refer to one elsewhere. */
export type Allowed = (from: string, fromNamespace: string, to: string, toNamespace: string, name: string) => boolean;
