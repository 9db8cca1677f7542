import type { EndpointContext, Identity, Reply, SocketAddress } from "../network/endpoint.ts";
import type { Address, HttpRequest, Tls } from "../packet/packet.ts";
import type { Initiator } from "./simulate.ts";

/** How a client turns a name into addresses, as its resolv.conf says. Names without servers resolve to nothing. */
export interface Resolver {
  readonly servers: readonly SocketAddress[];
  /** The names asked in order until one answers: the search path, then the name itself. */
  readonly names: readonly string[];
}

export interface HttpClient {
  readonly question: { readonly from: string; readonly to: string };
  readonly identity: Identity;
  readonly url: { readonly scheme: "http" | "https" | "tcp"; readonly host: string; readonly port: number; readonly path: string };
  /** Known address (a literal in the URL); else `resolver` is asked. */
  readonly address?: Address;
  readonly resolver?: Resolver;
  /** Source address, where the client's place has several or none of its own. */
  readonly source?: Address;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** curl has no deadline of its own for the answer; nanoseconds. */
  readonly maxTime?: number;
  readonly tls?: Partial<Tls>;
}

/** A client that behaves as `curl URL`: resolves the name, connects, sends one request and waits. */
export function httpClient(client: HttpClient): Initiator {
  return {
    question: client.question,
    identity: client.identity,
    run: (context) => {
      const resolved = client.address ?? resolve(client, context);
      if (typeof resolved !== "string") return resolved;
      const { scheme, host, port, path } = client.url;
      const to = { address: resolved, port };
      const usual = (scheme === "http" && port === 80) || (scheme === "https" && port === 443);
      const authority = `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}${usual ? "" : `:${port}`}`;
      const sni = /^[\d.]+$|:/.test(host) ? undefined : host;
      const tls: Tls | undefined = scheme === "https" ? { sni, alpn: ["h2", "http/1.1"], version: "1.3", ...client.tls } : undefined;
      const request: HttpRequest = {
        version: "1.1",
        method: client.method ?? "GET",
        scheme: scheme === "https" ? "https" : "http",
        authority,
        path,
        headers: { "user-agent": "curl/7.76.1", accept: "*/*", ...client.headers },
      };
      return context.exchange({
        identity: client.identity,
        source: client.source,
        to,
        protocol: "tcp",
        tls,
        payload: scheme === "tcp" ? { type: "bytes" } : { type: "http", request },
        responseTimeout: client.maxTime,
      });
    },
  };
}

function resolve(client: HttpClient, context: EndpointContext): Address | Reply {
  const { resolver } = client;
  const { host } = client.url;
  if (resolver === undefined || (resolver.servers.length === 0 && resolver.names.length === 0)) {
    return { type: "unknown", reason: `nothing says how ${client.question.from} resolves "${host}"`, after: 0 };
  }
  let last: Reply = { type: "dns", rcode: "NXDOMAIN", addresses: [], after: 0 };
  for (const name of resolver.names) {
    for (const server of resolver.servers) {
      last = context.exchange({ identity: client.identity, to: server, protocol: "udp", payload: { type: "dns", name, recordType: "A" } });
      if (last.type === "dns" || last.type === "unknown") break;
    }
    if (last.type === "unknown") return last;
    const found = last.type === "dns" && last.rcode === "NOERROR" ? last.addresses[0] : undefined;
    if (found !== undefined) return found;
    if (last.type !== "dns") break;
  }
  if (last.type === "dns") {
    context.finding({
      code: "dns/name-not-resolved",
      severity: "error",
      origin: { object: `name ${host}` },
      problem: `"${host}" does not resolve for ${client.question.from}: ${resolver.names.length} name${resolver.names.length === 1 ? "" : "s"} asked, the last answer was ${last.rcode}`,
      fix: `correct the name, or create the Service, Route or DNS record for "${host}" (spec.outside.dns of the Cluster document for names outside the cluster)`,
    });
    return { ...last, type: "dns", rcode: last.rcode === "NOERROR" ? "NXDOMAIN" : last.rcode };
  }
  return last;
}
