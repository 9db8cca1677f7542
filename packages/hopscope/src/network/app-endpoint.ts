import type { Caveat, Endpoint, Identity } from "@hopscope/core";
import { addressesOf } from "@hopscope/model-kubernetes";
import { type AnswerDns, dnsStep } from "./dns-endpoint.ts";

export interface AppOptions {
  readonly id: string;
  readonly identity: Identity;
  readonly place: string;
  /** Think time in nanoseconds per port; the profile's default where none is said. */
  readonly latency?: ReadonlyMap<number, { readonly p50: number; readonly p99: number }>;
  /** Ports that nothing declares but which are assumed to be served. */
  readonly assumed?: (port: number) => Caveat | undefined;
  /** What it answers as a DNS server, where it is asked as one. */
  readonly dns?: AnswerDns;
  /** What a port speaks; http where nothing is said. */
  readonly speaks?: ReadonlyMap<number, "http" | "https" | "tcp" | "udp" | "grpc">;
}

/** An application that answers 200 to every request after its think time. */
export function appEndpoint(options: AppOptions): Endpoint {
  return {
    id: options.id,
    system: "app",
    identity: options.identity,
    accept: (connection, context) => {
      const { port } = connection.local;
      const caveat = options.assumed?.(port);
      if (caveat !== undefined) context.caveat(caveat);
      const speaks = options.speaks?.get(port);
      if (speaks === "https" && connection.tls === undefined && connection.protocol === "tcp") {
        return { type: "reset", reason: "closed", detail: `port ${port} of ${options.identity.object} speaks TLS and the client does not`, origin: { object: options.identity.object }, after: 0 };
      }
      if ((speaks === "http" || speaks === "grpc") && connection.tls !== undefined) {
        return { type: "reset", reason: "tls-failure", detail: `port ${port} of ${options.identity.object} speaks plain HTTP and the client begins with TLS`, origin: { object: options.identity.object }, after: 0 };
      }
      return undefined;
    },
    serve: (payload, connection, context) => {
      if (payload.type === "dns") {
        const found = options.dns?.(payload.name, payload.recordType);
        if (found === undefined) return { type: "unknown", reason: `nothing says what ${options.identity.object} answers to a DNS question`, after: 0 };
        for (const caveat of found.caveats) context.caveat(caveat);
        context.record(dnsStep(options.place, payload, found));
        return { type: "dns", rcode: found.code, addresses: addressesOf(found), after: 0 };
      }
      const value = options.latency?.get(connection.local.port);
      const began = context.now;
      context.record({
        system: "app",
        place: options.place,
        stage: `port ${connection.local.port}`,
        decisions: [{ table: "application", rule: `listens on ${connection.local.port}`, verdict: "answers", origin: { object: options.identity.object } }],
        terms: [{ key: "app/default", value }],
      });
      context.observe({ type: "app", port: connection.local.port, duration: context.now - began, source: connection.source.address });
      if (payload.type === "http") return { type: "http", status: 200, headers: {}, by: options.id, after: 0 };
      return { type: "bytes", by: options.id, after: 0 };
    },
  };
}
