import type { Endpoint } from "@hopscope/core";
import { endpointsOf, objectName, servicesOf, type Snapshot } from "@hopscope/model-kubernetes";
import type { Socket } from "@hopscope/model-linux";
import type { NodeFacts } from "@hopscope/model-ovn";
import { appEndpoint } from "./app-endpoint.ts";
import { bare, hostStage } from "./nodes.ts";

/** A node's own processes, which no pod is. */
export interface HostProcesses {
  readonly node: string;
  readonly endpoint: Endpoint;
  readonly sockets: readonly Socket[];
}

/** What listens on every node, as the installers set it up. */
const USUAL: ReadonlyMap<number, string> = new Map([[22, "sshd"], [10250, "kubelet"]]);

/**
 * The processes of nodes: those that every node runs, and those that EndpointSlices name by a node's address, such as the API server's.
 * Their ports are assumed to be served, as a caveat.
 */
export function hostProcesses(snapshot: Snapshot, nodes: readonly NodeFacts[]): readonly HostProcesses[] {
  const named = new Map<string, Map<number, string>>();
  for (const service of servicesOf(snapshot)) {
    for (const { address, port, protocol } of endpointsOf(snapshot, service).endpoints) {
      const ports = named.get(address) ?? new Map<number, string>();
      named.set(address, ports);
      if (protocol === "TCP") ports.set(port, `an endpoint of ${objectName(service)}`);
    }
  }
  return nodes.map((node) => {
    const known = new Map([...USUAL, ...[...node.gateway.addresses.map(bare), ...node.hostAddresses].flatMap((address) => [...(named.get(address) ?? [])])]);
    const id = `host/${node.name}`;
    const object = `Node ${node.name}`;
    const endpoint = appEndpoint({
      id,
      identity: { namespace: hostStage(node.name), object, node: node.name },
      place: `node ${node.name}`,
      assumed: (port) => ({ code: "assumed/host-listens", problem: `a process of ${object} is assumed to listen on port ${port} (${known.get(port) ?? "unknown"}); no object says so`, origin: { object } }),
    });
    return { node: node.name, endpoint, sockets: [...known.keys()].map((port): Socket => ({ address: "0.0.0.0", port, protocol: "tcp", endpoint: id })) };
  });
}
