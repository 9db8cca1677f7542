/** A port of a policy rule. */
export interface PolicyPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

/**
 * The layer-4 parts of a rule's ports, one per protocol; `None` when the rule has no ports.
 *
 * Named ports are not resolved: they are dropped beside a number of the same protocol, else the whole protocol is meant.
 *
 * @see ovn-kubernetes go-controller/pkg/ovn/gress_policy.go getL4Match, 2023-10-31
 * @example
 * l4Matches([{ protocol: "TCP", port: 80 }, { protocol: "TCP", port: 443 }]) // [["tcp", "tcp && tcp.dst=={80,443}"]]
 */
export function l4Matches(ports: readonly PolicyPort[]): readonly (readonly [protocol: string, match: string])[] {
  if (ports.length === 0) return [["None", ""]];
  const byProtocol = new Map<string, { singles: number[]; ranges: string[] }>();
  for (const { protocol = "TCP", port, endPort } of ports) {
    const l4 = protocol.toLowerCase();
    const known = byProtocol.get(l4) ?? { singles: [], ranges: [] };
    byProtocol.set(l4, known);
    if (typeof port !== "number" || port === 0) continue;
    if (endPort !== undefined && endPort !== 0 && endPort !== port) known.ranges.push(`${port}<=${l4}.dst<=${endPort}`);
    else known.singles.push(port);
  }
  return [...byProtocol].map(([l4, { singles, ranges }]) => {
    const single = singles.length === 0 ? [] : singles.length === 1 ? [`${l4}.dst==${singles[0]}`] : [`${l4}.dst=={${singles.join(",")}}`];
    const parts = [...single, ...ranges];
    const destination = parts.length > 1 ? `(${parts.join(" || ")})` : parts[0];
    return [l4, destination === undefined ? l4 : `${l4} && ${destination}`];
  });
}
