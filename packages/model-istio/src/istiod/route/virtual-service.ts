import type { Resource } from "@hopscope/model-kubernetes";
import type { Json, Labels } from "../types.ts";

export interface StringMatch { readonly exact?: string; readonly prefix?: string; readonly regex?: string }
export interface Destination { readonly host: string; readonly subset?: string; readonly port?: { readonly number?: number } }
export interface HeaderOps { readonly set?: Readonly<Record<string, string>>; readonly add?: Readonly<Record<string, string>>; readonly remove?: readonly string[] }
export interface Headers { readonly request?: HeaderOps; readonly response?: HeaderOps }

export interface HttpMatch {
  readonly name?: string;
  readonly uri?: StringMatch; readonly scheme?: StringMatch; readonly method?: StringMatch; readonly authority?: StringMatch;
  readonly headers?: Readonly<Record<string, StringMatch>>;
  readonly withoutHeaders?: Readonly<Record<string, StringMatch>>;
  readonly queryParams?: Readonly<Record<string, StringMatch>>;
  readonly ignoreUriCase?: boolean;
  readonly port?: number;
  readonly sourceLabels?: Labels;
  readonly sourceNamespace?: string;
  readonly gateways?: readonly string[];
  readonly statPrefix?: string;
}

export interface HttpRouteDestination { readonly destination: Destination; readonly weight?: number; readonly headers?: Headers }

export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  readonly route?: readonly HttpRouteDestination[];
  readonly redirect?: { readonly uri?: string; readonly authority?: string; readonly port?: number; readonly derivePort?: string; readonly scheme?: string; readonly redirectCode?: number };
  readonly directResponse?: { readonly status: number; readonly body?: { readonly string?: string; readonly bytes?: string } };
  readonly rewrite?: { readonly uri?: string; readonly authority?: string; readonly uriRegexRewrite?: { readonly match: string; readonly rewrite: string } };
  readonly timeout?: string;
  readonly retries?: { readonly attempts?: number; readonly perTryTimeout?: string; readonly retryOn?: string; readonly retryRemoteLocalities?: boolean };
  readonly fault?: Json;
  readonly mirror?: Destination;
  readonly mirrorPercent?: number;
  readonly mirrorPercentage?: { readonly value?: number };
  readonly mirrors?: readonly { readonly destination: Destination; readonly percentage?: { readonly value?: number } }[];
  readonly corsPolicy?: Json;
  readonly headers?: Headers;
  readonly delegate?: { readonly name: string; readonly namespace?: string };
  /** Field path of the item in the object it came from. */
  readonly path?: string;
  readonly from?: Resource;
}

export interface L4Match {
  readonly destinationSubnets?: readonly string[];
  readonly port?: number;
  readonly sourceLabels?: Labels;
  readonly sourceNamespace?: string;
  readonly gateways?: readonly string[];
  readonly sniHosts?: readonly string[];
}
export interface L4Route { readonly match?: readonly L4Match[]; readonly route?: readonly { readonly destination: Destination; readonly weight?: number }[] }

export interface VirtualServiceSpec {
  readonly hosts?: readonly string[];
  readonly gateways?: readonly string[];
  readonly http?: readonly HttpRoute[];
  readonly tls?: readonly L4Route[];
  readonly tcp?: readonly L4Route[];
  readonly exportTo?: readonly string[];
}

/** A VirtualService with short names expanded and delegates merged. */
export interface VirtualService {
  readonly resource: Resource;
  readonly namespace: string;
  readonly hosts: readonly string[];
  /** `mesh` or `namespace/name`. */
  readonly gateways: readonly string[];
  readonly http: readonly HttpRoute[];
  readonly tls: readonly L4Route[];
  readonly tcp: readonly L4Route[];
  readonly exportTo: readonly string[];
  /** Made from a route of the Gateway API. */
  readonly gatewaySemantics?: boolean;
  /** Made from an Ingress. */
  readonly ingressSemantics?: boolean;
  /** Configuration names of the objects it was made from, where it is not itself an object of the cluster. */
  readonly parents?: string;
}
