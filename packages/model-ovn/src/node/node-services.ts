import type { Caveat, StageId } from "@hopscope/core";
import { originOf, resourcesOf, type Resource, type Snapshot } from "@hopscope/model-kubernetes";
import { printSubnet, withoutLength } from "../kubernetes/address.ts";
import { nodeFacts, type NodeFacts } from "../kubernetes/node-facts.ts";
import { type CompileNorthboundOptions, type Config, resolveConfig } from "../kubernetes/options.ts";
import { type Backends, backendsOf, clusterIps, externalVips, type ServicePort, type ServiceSpec, slicesOf } from "../kubernetes/service-config.ts";
import type { BridgeExSpec, BridgeService } from "./bridge-rules.ts";

/** One port of a service with what a node's rules for it depend on. @internal */
export interface NodeServicePort {
  readonly service: Resource;
  readonly spec: ServiceSpec;
  readonly port: ServicePort;
  /** Index of the port in `spec.ports`. */
  readonly index: number;
  readonly clusterIps: readonly string[];
  readonly external: readonly string[];
  readonly backends: Backends;
  /** Backends that are addresses of the node itself. */
  readonly onHost: readonly string[];
}

/** A node's facts, or an error when the snapshot has no such node. @internal */
export function factsOfNode(snapshot: Snapshot, node: string, config: Config, caveats: Caveat[]): NodeFacts {
  const facts = nodeFacts(snapshot, config, caveats).find(({ name }) => name === node);
  if (facts === undefined) throw new Error(`the snapshot has no Node "${node}"`);
  return facts;
}

/** Every port of every service that has a cluster address. @internal */
export function servicePorts(snapshot: Snapshot, node: NodeFacts): readonly NodeServicePort[] {
  const own = new Set([...node.hostAddresses, ...node.gateway.addresses.map(withoutLength)]);
  return resourcesOf(snapshot, "Service").flatMap((service) => {
    const ips = clusterIps(service);
    if (ips.length === 0) return [];
    const spec = (service.spec ?? {}) as ServiceSpec;
    const slices = slicesOf({ snapshot }, service);
    return (spec.ports ?? []).map((port, index): NodeServicePort => {
      const backends = backendsOf(slices, port, spec.publishNotReadyAddresses === true);
      const onHost = [...backends.v4, ...backends.v6].filter((ip) => own.has(ip));
      return { service, spec, port, index, clusterIps: ips, external: externalVips(service), backends, onHost };
    });
  });
}

/**
 * The service ports that a node's br-ex takes from outside.
 *
 * @see ovn-kubernetes go-controller/pkg/node/gateway_shared_intf.go updateServiceFlowCache, 2023-10-31
 */
export function nodeServices(snapshot: Snapshot, node: NodeFacts): readonly BridgeService[] {
  return servicePorts(snapshot, node).flatMap(({ service, spec, port, index, external, backends, onHost }) => {
    const protocol = (port.protocol ?? "TCP").toLowerCase() as BridgeService["protocol"];
    const hostPort = spec.externalTrafficPolicy === "Local" && onHost.length > 0 ? backends.port : undefined;
    const made: BridgeService[] = [];
    if (port.nodePort !== undefined && port.nodePort !== 0) made.push({ protocol, port: port.nodePort, hostPort, origin: originOf(service, `spec.ports[${index}].nodePort`) });
    for (const address of external) made.push({ protocol, address, port: port.port, hostPort, origin: originOf(service, `spec.ports[${index}].port`) });
    return made;
  });
}

/** Options that name a node's bridge, beside those of the controllers. */
export interface BridgeExOptions extends CompileNorthboundOptions {
  readonly id?: StageId;
  /** Further addresses the host holds on br-ex, such as a virtual address of keepalived. */
  readonly vips?: readonly string[];
}

/** What br-ex of a node has to know, read from a snapshot. */
export function bridgeExOf(snapshot: Snapshot, node: string, options: BridgeExOptions = {}): BridgeExSpec {
  const config = resolveConfig(snapshot, options);
  const facts = factsOfNode(snapshot, node, config, []);
  const primary = facts.gateway.addresses.map(withoutLength);
  const addresses = [...new Set([...primary, ...facts.hostAddresses, ...(options.vips ?? [])])];
  return {
    id: options.id ?? `br-ex ${node}`,
    node,
    mac: facts.gateway.mac,
    addresses,
    clusterSubnets: config.clusterSubnets.map(({ subnet }) => printSubnet(subnet)),
    hostSubnets: facts.subnets.map(printSubnet),
    serviceCidrs: config.serviceCidrs.map(printSubnet),
    gatewayMode: facts.gateway.mode === "local" ? "local" : "shared",
    services: nodeServices(snapshot, facts),
    disableSnatMultipleGateways: config.disableSnatMultipleGateways,
  };
}
