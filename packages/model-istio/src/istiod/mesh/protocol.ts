import type { Flags, Protocol } from "../types.ts";

const KNOWN: Readonly<Record<string, Protocol>> = {
  http: "HTTP", http2: "HTTP2", grpc: "GRPC", "grpc-web": "GRPC-Web", http_proxy: "HTTP_PROXY", https: "HTTPS",
  tls: "TLS", tcp: "TCP", udp: "UDP", mongo: "Mongo", redis: "Redis", mysql: "MySQL",
};

/** Reads a protocol word; anything unknown is unsupported (`istio 1.18 pkg/config/protocol/instance.go Parse`). */
export function parseProtocol(text: string): Protocol {
  return KNOWN[text.toLowerCase()] ?? "UnsupportedProtocol";
}

const WELL_KNOWN_TCP = new Set([25, 53, 3306, 27017]);

/**
 * Chooses a Service port's protocol from appProtocol, else from the prefix of the port name.
 * @see istio 1.18 pkg/config/kube/conversion.go ConvertProtocol
 */
export function selectProtocol(port: number, name: string | undefined, transport: string | undefined, appProtocol: string | undefined): Protocol {
  if (transport === "UDP") return "UDP";
  const text = appProtocol ?? name ?? "";
  const lower = text.toLowerCase();
  const word = lower.startsWith("grpc-web") ? "grpc-web" : (lower.split("-")[0] ?? "");
  const protocol = parseProtocol(word);
  if (protocol !== "UnsupportedProtocol") return protocol;
  return WELL_KNOWN_TCP.has(port) ? "TCP" : "UnsupportedProtocol";
}

export type ListenerClass = "http" | "tcp" | "auto" | "none";

/**
 * The kind of listener a protocol gets in one direction; unsupported becomes auto where sniffing is on, else TCP.
 * @see istio 1.18 pilot/pkg/networking/networking.go ModelProtocolToListenerProtocol
 */
export function listenerClass(protocol: Protocol, flags: Flags, direction: "inbound" | "outbound"): ListenerClass {
  switch (protocol) {
    case "HTTP": case "HTTP2": case "GRPC": case "GRPC-Web": case "HTTP_PROXY": return "http";
    case "TCP": case "TLS": case "HTTPS": case "Mongo": case "Redis": case "MySQL": return "tcp";
    case "UDP": return "none";
    case "UnsupportedProtocol": return (direction === "inbound" ? flags.sniffInbound : flags.sniffOutbound) ? "auto" : "tcp";
  }
}

export const isHttp = (p: Protocol): boolean => p === "HTTP" || p === "HTTP2" || p === "GRPC" || p === "GRPC-Web" || p === "HTTP_PROXY";
export const isHttp2 = (p: Protocol): boolean => p === "HTTP2" || p === "GRPC" || p === "GRPC-Web";
export const isTcp = (p: Protocol): boolean => p === "TCP" || p === "HTTPS" || p === "TLS" || p === "Mongo" || p === "Redis" || p === "MySQL";
export const isTls = (p: Protocol): boolean => p === "TLS" || p === "HTTPS";
/** What is left of a protocol once its TLS is terminated (`istio 1.18 pkg/config/protocol/instance.go AfterTLSTermination`). */
export const afterTermination = (p: Protocol): Protocol => (p === "HTTPS" ? "HTTP" : p === "TLS" ? "TCP" : p);

/** The protocol a word names, if it is one at all. */
export const knownProtocol = (text: string): Protocol | undefined => KNOWN[text.toLowerCase()];
