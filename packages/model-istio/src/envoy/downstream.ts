import type { SocketAddress } from "@hopscope/core";
import type { Headers } from "./headers.ts";

/** The HTTP request as the client wrote it on the wire. */
export interface WireRequest {
  readonly version: "1.0" | "1.1" | "2";
  readonly method: string;
  /** `undefined`: no Host header, no `:authority`. */
  readonly authority: string | undefined;
  /** Path with query, or the absolute form. */
  readonly path: string;
  readonly headers: Headers;
  /** The client speaks whichever of the protocols it offers is agreed on, whatever `version` says. */
  readonly adapts?: boolean;
}

/** What the client says about itself in TLS. */
export interface ClientTls {
  readonly sni: string | undefined;
  readonly alpn: readonly string[];
  /** URI of the certificate that the client presents if it is asked. */
  readonly peer: string | undefined;
}

/** A connection that reaches Envoy, with the one payload that is sent over it. */
export interface Downstream {
  readonly source: SocketAddress;
  /** The socket's own address at Envoy. */
  readonly local: SocketAddress;
  /** SO_ORIGINAL_DST; equals `local` where nothing redirected the connection. */
  readonly original: SocketAddress;
  readonly tls?: ClientTls;
  readonly http?: WireRequest;
  /** The bytes sent in place of HTTP, where they are known; characters 0 to 255. */
  readonly data?: string;
}
