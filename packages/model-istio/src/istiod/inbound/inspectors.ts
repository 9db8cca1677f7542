import { HTTP_INSPECTOR, TLS_INSPECTOR } from "../filter/filters.ts";
import type { Json } from "../types.ts";

interface Match { readonly destinationPort?: number; readonly transportProtocol?: string; readonly applicationProtocols?: readonly string[] }

const ranges = (ports: readonly number[]): Json => {
  const rules = [...ports].sort((a, b) => a - b).map((port) => ({ destinationPortRange: { ...(port === 0 ? {} : { start: port }), end: port + 1 } }));
  return rules.length === 1 ? { ...rules[0] } : { orMatch: { rules } };
};

/**
 * The inspectors an inbound listener needs, and the ports on which they are off because no chain there asks.
 * @see istio 1.18 pilot/pkg/networking/core/v1alpha3/listener_inbound.go populateListenerFilters
 */
export function inboundInspectors(chains: readonly Json[], sniff: boolean): readonly Json[] {
  const ports = new Map<number, { tls: boolean; http: boolean }>();
  for (const chain of chains) {
    const match = (chain["filterChainMatch"] ?? {}) as Match;
    const entry = ports.get(match.destinationPort ?? 0) ?? { tls: false, http: false };
    ports.set(match.destinationPort ?? 0, entry);
    entry.tls ||= match.transportProtocol === "tls";
    entry.http ||= match.applicationProtocols?.some((name) => name === "http/1.1" || name === "h2c") === true;
  }
  const wants = (test: (entry: { readonly tls: boolean; readonly http: boolean }) => boolean): number[] => [...ports].filter(([, entry]) => test(entry)).map(([port]) => port);
  const out: Json[] = [];
  if (wants((entry) => entry.tls).length > 0) {
    const byDefault = ports.get(0)?.tls === true;
    const except = wants((entry) => entry.tls !== byDefault).filter((port) => port !== 0);
    out.push(except.length === 0 ? TLS_INSPECTOR : { ...TLS_INSPECTOR, filterDisabled: byDefault ? ranges(except) : { notMatch: ranges(except) } });
  }
  if (sniff && wants((entry) => entry.http).length > 0) {
    const except = wants((entry) => !entry.http);
    out.push(except.length === 0 ? HTTP_INSPECTOR : { ...HTTP_INSPECTOR, filterDisabled: ranges(except) });
  }
  return out;
}
