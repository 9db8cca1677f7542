import type { Downstream } from "./downstream.ts";
import type { Json } from "./json.ts";
import { list } from "./json.ts";
import { isDisabled, isFilter } from "./listener.ts";

/** What the listener filters found out before a filter chain is chosen. */
export interface Detected {
  readonly transport: "tls" | "raw_buffer";
  readonly sni: string;
  readonly protocols: readonly string[];
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * What http_inspector makes of a connection's first bytes.
 *
 * @see Envoy 1.40, source/extensions/filters/listener/http_inspector (measured)
 */
function inspectHttp(downstream: Downstream): string | undefined {
  if (downstream.http?.version === "2") return "h2c";
  if (downstream.http !== undefined && /[^\x21-\x7e]/.test(downstream.http.path)) return undefined;
  if (downstream.http !== undefined) return `http/${downstream.http.version}`;
  const data = downstream.data ?? "";
  if (data.startsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) return "h2c";
  const end = data.search(/\r?\n/);
  const line = end < 0 ? data : data.slice(0, end);
  const [method = "", target, version, ...rest] = line.split(" ");
  if (!TOKEN.test(method) || target === undefined || target === "" || rest.length > 0) return undefined;
  if (version === undefined) return end >= 0 && method === "GET" ? "http/1.0" : undefined;
  if (!/^HTTP\/\d\.\d$/.test(version)) return undefined;
  return version === "HTTP/1.1" ? "http/1.1" : "http/1.0";
}

/** Runs the listener filters that look at the first bytes. */
export function inspect(listener: Json, downstream: Downstream, port: number): Detected {
  const active = list(listener["listener_filters"]).filter((filter) => !isDisabled(filter, port));
  const tls = downstream.tls !== undefined && active.some((filter) => isFilter(filter, "tls_inspector")) ? downstream.tls : undefined;
  if (tls !== undefined) return { transport: "tls", sni: (tls.sni ?? "").toLowerCase(), protocols: tls.alpn };
  const http = downstream.tls === undefined && active.some((filter) => isFilter(filter, "http_inspector")) ? inspectHttp(downstream) : undefined;
  return { transport: "raw_buffer", sni: "", protocols: http === undefined ? [] : [http] };
}
