import type { EndpointContext, Identity, Opening, Reply, SocketAddress } from "../network/endpoint.ts";
import type { Address, HttpRequest, Tls } from "../packet/packet.ts";
import type { Initiator } from "./simulate.ts";

/** How a client turns a name into addresses, as its resolv.conf says. Names without servers resolve to nothing. */
export interface Resolver {
  readonly servers: readonly SocketAddress[];
  /** The names asked in order until one answers: the search path, then the name itself. */
  readonly names: readonly string[];
  /** Record types asked for each name, the preferred first: those of the families the client has addresses of. `A` where nothing is said. */
  readonly types?: readonly ("A" | "AAAA")[];
}

export interface HttpClient {
  readonly question: { readonly from: string; readonly to: string };
  readonly identity: Identity;
  readonly url: { readonly scheme: "http" | "https" | "tcp"; readonly host: string; readonly port: number; readonly path: string };
  /** Known address (a literal in the URL), or several, of which a server picks the first; else `resolver` is asked. */
  readonly address?: Address | readonly Address[];
  readonly resolver?: Resolver;
  /** Why the name's address is not known, where neither is given. */
  readonly unresolved?: string;
  /** Source address, where the client's place has several or none of its own. */
  readonly source?: Address;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** curl has no deadline of its own for the answer; nanoseconds. */
  readonly maxTime?: number;
  readonly tls?: Partial<Tls>;
}

/**
 * A client that behaves as `curl URL`: resolves the name, connects, sends one request and waits.
 *
 * Servers turn the order of several addresses round, so the first is a choice; where it cannot be connected to, the others are
 * tried in turn.
 *
 * @see curl 7.76, lib/connect.c; CoreDNS 1.11, plugin/loadbalance
 */
export function httpClient(client: HttpClient): Initiator {
  return {
    question: client.question,
    identity: client.identity,
    run: (context) => {
      const began = context.now;
      const resolved = client.address === undefined ? resolve(client, context) : typeof client.address === "string" ? [client.address] : client.address;
      if ("type" in resolved) return { ...resolved, after: context.now - began };
      const first = resolved.length < 2 ? 0 : context.choose(`address of ${client.url.host}`, resolved.map((name) => ({ name, weight: 1 / resolved.length })));
      let last: Reply = { type: "unknown", reason: `"${client.url.host}" has no address`, after: 0 };
      for (const address of [...resolved.slice(first), ...resolved.slice(0, first)]) {
        last = context.exchange({ ...openingFor(client, address) });
        const unconnected = (last.type === "reset" && last.reason === "connect-refused") || (last.type === "timeout" && last.phase === "connect");
        if (!unconnected) break;
      }
      // What the client waited for: the name's address too, and every address that was tried.
      return { ...last, after: context.now - began };
    },
  };
}

function openingFor(client: HttpClient, address: Address): Opening {
  const { scheme, host, port, path } = client.url;
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
  return {
    identity: client.identity,
    source: client.source,
    to: { address, port },
    protocol: "tcp",
    tls,
    payload: scheme === "tcp" ? { type: "bytes" } : { type: "http", request },
    responseTimeout: client.maxTime,
  };
}

/** Asks the servers for each name in turn; the first that has an address of any wanted type ends the search. */
function resolve(client: HttpClient, context: EndpointContext): readonly Address[] | Reply {
  const { resolver } = client;
  const { host } = client.url;
  if (resolver === undefined || (resolver.servers.length === 0 && resolver.names.length === 0)) {
    return { type: "unknown", reason: client.unresolved ?? `nothing says how ${client.question.from} resolves "${host}"`, after: 0 };
  }
  let last: Reply = { type: "dns", rcode: "NXDOMAIN", addresses: [], after: 0 };
  for (const name of resolver.names) {
    for (const recordType of resolver.types ?? ["A"]) {
      last = ask(client, context, resolver.servers, { type: "dns", name, recordType }) ?? last;
      if (last.type !== "dns") return unanswered(last, host, name);
      if (last.rcode === "NOERROR" && last.addresses.length > 0) return last.addresses;
    }
    if (last.rcode === "SERVFAIL") break;
  }
  context.finding({
    code: "dns/name-not-resolved",
    severity: "error",
    origin: { object: `name ${host}` },
    problem: `"${host}" does not resolve for ${client.question.from}: ${resolver.names.length} name${resolver.names.length === 1 ? "" : "s"} asked, the last answer was ${last.rcode === "NOERROR" ? "without an address" : last.rcode}`,
    fix: `correct the name, or create the Service, Route or DNS record for "${host}" (spec.outside.dns of the Cluster document for names outside the cluster)`,
  });
  return { ...last, rcode: last.rcode === "NOERROR" ? "NXDOMAIN" : last.rcode };
}

/** How often a silent server is asked. @see resolv.conf(5), attempts */
const ATTEMPTS = 2;

/** One question, to each server until one answers; where all are silent, once more. */
function ask(client: HttpClient, context: EndpointContext, servers: readonly SocketAddress[], payload: Opening["payload"]): Reply | undefined {
  let last: Reply | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (const server of servers) {
      last = context.exchange({ identity: client.identity, to: server, protocol: "udp", payload });
      if (last.type === "dns" || last.type === "unknown") return last;
    }
  }
  return last;
}

/** A search ends with the first name that no server answers for: the client learns of no address. */
function unanswered(reply: Exclude<Reply, { type: "dns" }>, host: string, name: string): Reply {
  return reply.type === "timeout" || reply.type === "reset" ? { ...reply, detail: `"${host}" does not resolve, since no server answers for "${name}": ${reply.detail}` } : reply;
}
