import type { Caveat, Diagnostic, Origin } from "@hopscope/core";

/** One line of an HAProxy section without its first keyword, and the object that made it. */
export interface Line {
  readonly text: string;
  readonly origin: Origin;
}

export const MAP_NAMES = [
  "os_http_be.map",
  "os_edge_reencrypt_be.map",
  "os_route_http_redirect.map",
  "os_tcp_be.map",
  "os_sni_passthrough.map",
  "os_wildcard_domain.map",
] as const;
export type MapName = (typeof MAP_NAMES)[number];

/** One line of a map file: a regular expression and its value. The first line that matches wins. */
export interface MapEntry {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
}

/** One line of the crt-list `cert_config.map`. */
export interface CertificateEntry {
  readonly file: string;
  readonly alpn: readonly string[];
  /** Host name, or `*.domain`. */
  readonly host: string;
  readonly origin: Origin;
}

export interface Server {
  /** `pod:NAME:SERVICE:PORTNAME:IP:PORT`, or `ept:…` where no pod stands behind the address. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** Value of the persistence cookie; absent in TCP backends. */
  readonly cookie?: string;
  /** The other words: `ssl`, `verifyhost …`, `check`, `inter 5000ms`, `proto h2`, `maxconn 5`. */
  readonly flags: readonly string[];
  readonly origin: Origin;
}

/** One Service of a route, and what the router found of it. */
export interface BackendService {
  readonly name: string;
  readonly weight: number;
  /** Ready endpoints on any port. */
  readonly endpoints: readonly { readonly port: number; readonly portName: string }[];
  /** How many of them the route's target port matches. */
  readonly servers: number;
  /** `spec.to` or `spec.alternateBackends[…]` of the Route. */
  readonly origin: Origin;
  /** The Service itself; absent where no such object exists. */
  readonly service?: Origin;
}

export interface Backend {
  readonly name: string;
  readonly mode: "http" | "tcp";
  readonly balance: string;
  readonly options: readonly string[];
  /** The `cookie` line's words. */
  readonly cookie?: string;
  readonly timeouts: Readonly<Record<string, string>>;
  readonly acls: readonly Line[];
  readonly tcpRequest: readonly Line[];
  readonly httpRequest: readonly Line[];
  readonly httpResponse: readonly Line[];
  /** Lines of other keywords: `stick-table …`, `hash-type consistent`. */
  readonly other: readonly string[];
  readonly servers: readonly Server[];
  readonly origin: Origin;
  /** Services of the route: tells why a backend is empty. */
  readonly services: readonly BackendService[];
}

/** Timeouts of `defaults`, as HAProxy writes them (`30s`). */
export interface DefaultTimeouts {
  readonly connect: string;
  readonly client: string;
  readonly "client-fin": string;
  readonly server: string;
  readonly "server-fin": string;
  readonly "http-request": string;
  readonly "http-keep-alive": string;
  readonly tunnel: string;
  /** `tcp-request inspect-delay`. */
  readonly inspect: string;
}

/** A caveat of a router's configuration; with `host` it matters to requests for that host alone. */
export interface RouterCaveat extends Caveat {
  readonly host?: string;
}

/** What the router said about a Route. `admitted` undefined: outside of this router's selection, nothing is written. */
export interface RouteStatus {
  readonly namespace: string;
  readonly name: string;
  readonly admitted: boolean | undefined;
  readonly reason: string;
  readonly message: string;
  readonly host: string;
  readonly wildcardPolicy: string;
  readonly routerName: string;
  readonly routerCanonicalHostname: string;
  readonly origin: Origin;
  /** For a route that lost its host: the route that holds it. */
  readonly owner?: Origin;
}

/**
 * Everything of a router's HAProxy configuration that decides about a request: maps, backends and what the
 * frontends were given. It has the shape of the files the router writes, so that a dump of them can stand in.
 *
 * @see openshift/router release-4.14, images/router/haproxy/conf/haproxy-config.template
 */
export interface HaproxyProgram {
  /** Name of the IngressController. */
  readonly controller: string;
  readonly origin: Origin;
  readonly domain: string;
  readonly defaults: DefaultTimeouts;
  readonly bufsize: number;
  readonly maxrewrite: number;
  readonly maxconn: number;
  /** `bind … accept-proxy` on the public ports. */
  readonly acceptProxy: boolean;
  /** Path that port 80 answers with 200 for any host. */
  readonly monitorUri: string;
  /** `http-request` of `public`: cleans headers, lower-cases Host, then the IngressController's actions. */
  readonly frontendRequest: readonly Line[];
  /** The same of `fe_sni` and `fe_no_sni`, which may also tell the pod about the client's certificate. */
  readonly tlsFrontendRequest: readonly Line[];
  readonly frontendResponse: readonly Line[];
  readonly uniqueIdHeader?: Line;
  /** `verify` of the TLS frontends, and the pattern that the certificate's subject has to match. */
  readonly clientTls: { readonly verify: "none" | "optional" | "required"; readonly filter?: string; readonly origin: Origin };
  /** Where the administrator has set error pages, the default backend denies with 404. */
  readonly noRouteStatus: 503 | 404;
  readonly maps: Readonly<Record<MapName, readonly MapEntry[]>>;
  readonly certificates: readonly CertificateEntry[];
  /** Names in the default certificate: it is loaded first, and so wins where a route's has the same name. */
  readonly defaultCertificateNames: readonly string[];
  readonly backends: readonly Backend[];
  /** Files of address lists, by path. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly status: readonly RouteStatus[];
  /** HAProxy would refuse this configuration: the running one stays, and no change takes effect. */
  readonly refused?: { readonly problem: string; readonly origin: Origin };
  readonly diagnostics: readonly Diagnostic[];
  readonly caveats: readonly RouterCaveat[];
}
