/**
 * What a chassis learns from packets besides connections: neighbours, hardware addresses behind ports, clients' sessions,
 * next hops. By a text that names the kind and what it is asked by; the value is the answer.
 */
export type Memory = ReadonlyMap<string, string>;

/** The neighbour that a port knows by an address: `eth.dst` for packets to it. */
export const neighbourKey = (port: string, ip: string): string => `${port} ${ip}`;
