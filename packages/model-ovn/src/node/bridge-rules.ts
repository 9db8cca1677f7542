import type { Mac, Origin, StageId } from "@hopscope/core";
import { isIpv6, withoutLength } from "../kubernetes/address.ts";
import type { BridgeAction, BridgeMatch, BridgePort, BridgeRule } from "./bridge-rule.ts";

/** A service port that the outside reaches at a node. */
export interface BridgeService {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** An external or load-balancer address; absent for a node port, which every address of the node has. */
  readonly address?: string;
  readonly port: number;
  /** `externalTrafficPolicy: Local` with a backend on the host's network here: the host's port that serves it. */
  readonly hostPort?: number;
  readonly origin: Origin;
}

/** What br-ex of one node has to know. */
export interface BridgeExSpec {
  readonly id: StageId;
  readonly node: string;
  readonly mac: Mac;
  /** The node's addresses, with or without length; the first of a family is the primary one. */
  readonly addresses: readonly string[];
  readonly clusterSubnets: readonly string[];
  /** The node's own parts of them. */
  readonly hostSubnets: readonly string[];
  readonly serviceCidrs: readonly string[];
  readonly gatewayMode: "shared" | "local";
  readonly services: readonly BridgeService[];
  /** Pods without a SNAT row leave with their own address, as OpenShift sets it. */
  readonly disableSnatMultipleGateways?: boolean;
}

/** Conntrack zones of br-ex: its own, and those of the addresses between host and OVN. */
export const bridgeZones = { default: 64000, hostMasquerade: 64001, ovnMasquerade: 64002, hostNodePort: 64003 } as const;
const fromOvn = 1;
const fromHost = 2;
/** Mark of packets from EgressIP pods to nodes. */
const nodeTraffic = 1008;
const masquerade = { 4: { ovn: "169.254.169.1", host: "169.254.169.2" }, 6: { ovn: "fd69::1", host: "fd69::2" } } as const;

const output = (to: BridgePort): BridgeAction => ({ type: "output", to });

/**
 * The OpenFlow rules ovnkube-node keeps on br-ex.
 *
 * @see ovn-kubernetes go-controller/pkg/node/gateway_shared_intf.go, 2023-10-31
 */
export function bridgeExRules(spec: BridgeExSpec): readonly BridgeRule[] {
  const rules: BridgeRule[] = [];
  const own: Origin = { object: `br-ex of Node ${spec.node}` };
  const rule = (table: number, priority: number, match: BridgeMatch, actions: readonly BridgeAction[], origin: Origin = own): void => {
    rules.push({ table, priority, match, actions, origin });
  };
  const toBridge = { ethDestination: spec.mac } as const;
  for (const family of [4, 6] as const) {
    const addresses = spec.addresses.map(withoutLength).filter((address) => isIpv6(address) === (family === 6));
    const [primary, ...others] = addresses;
    if (primary === undefined) continue;
    const inFamily = (texts: readonly string[]): readonly string[] => texts.filter((text) => isIpv6(text) === (family === 6));
    const { ovn, host } = masquerade[family];
    const { default: zone, hostMasquerade, ovnMasquerade } = bridgeZones;
    const ip = family;
    rule(0, 500, { port: "ovn", ip, destination: host, source: primary }, [{ type: "ct", commit: true, zone: hostMasquerade, nat: { destination: primary }, table: 4 }]);
    for (const other of others) rule(0, 500, { port: "ovn", ip, destination: other, source: primary }, [{ type: "ct", commit: true, zone: hostMasquerade, table: 4 }]);
    rule(0, 500, { port: "host", ip, destination: ovn }, [{ type: "ct", zone: ovnMasquerade, nat: "undo", table: 5 }]);
    for (const services of inFamily(spec.serviceCidrs)) {
      rule(0, 500, { port: "host", ip, destination: services }, [{ type: "ct", commit: true, zone: hostMasquerade, nat: { source: host }, table: 2 }]);
      rule(0, 500, { port: "ovn", ip, source: services, destination: host }, [{ type: "ct", zone: hostMasquerade, nat: "undo", table: 3 }]);
      rule(0, 105, { port: "ovn", ip, destination: services }, [{ type: "drop" }]);
    }
    rule(0, 205, { port: "physical", ip, protocol: "udp", ...toBridge, destinationPort: 6081 }, [output("host")]);
    rule(0, 200, { port: "physical", ip, protocol: "udp", destinationPort: 6081 }, [{ type: "normal" }]);
    rule(0, 200, { port: "host", ip, protocol: "udp", destinationPort: 6081 }, [output("physical")]);
    if (spec.gatewayMode === "local") {
      for (const protocol of ["tcp", "udp", "sctp"] as const) rule(0, 175, { port: "ovn", ip, protocol, source: primary }, [{ type: "ct", zone: hostMasquerade, nat: "undo", table: 4 }]);
    }
    for (const subnet of inFamily(spec.hostSubnets)) {
      if (spec.disableSnatMultipleGateways !== false) rule(0, 109, { port: "ovn", ip, source: subnet }, [{ type: "ct", commit: true, zone, mark: fromOvn }, output("physical")]);
    }
    rule(0, 105, { port: "ovn", ip, mark: nodeTraffic }, [{ type: "ct", commit: true, zone, nat: { source: primary }, mark: fromOvn }, output("physical")]);
    for (const subnet of inFamily(spec.clusterSubnets)) {
      rule(0, 104, { port: "ovn", ip, source: subnet }, [{ type: "drop" }]);
      if (spec.disableSnatMultipleGateways !== false) rule(1, 15, { ip, destination: subnet }, [output("ovn")]);
    }
    rule(0, 100, { port: "ovn", ip }, [{ type: "ct", commit: true, zone, mark: fromOvn }, output("physical")]);
    rule(0, 100, { port: "host", ip }, [{ type: "ct", commit: true, zone, mark: fromHost }, output("physical")]);
    rule(0, 50, { port: "physical", ip }, [{ type: "ct", zone, nat: "undo", table: 1 }]);
    for (const state of ["established", "related"] as const) {
      rule(1, 100, { ip, connection: { state, mark: fromOvn } }, [output("ovn")]);
      rule(1, 100, { ip, connection: { state, mark: fromHost } }, [output("host")]);
    }
    rule(4, 0, { ip }, [{ type: "ct", commit: true, zone: ovnMasquerade, nat: { source: ovn }, table: 3 }]);
    rule(5, 0, { ip }, [{ type: "ct", commit: true, zone: hostMasquerade, nat: "undo", table: 2 }]);
    for (const service of spec.services) serviceRules(spec, service, { ip, primary, rule });
  }
  rule(0, 10, { port: "physical", ...toBridge }, [output("ovn"), output("host")]);
  rule(0, 0, {}, [{ type: "normal" }]);
  rule(1, 10, toBridge, [output("host")]);
  rule(1, 0, {}, [{ type: "normal" }]);
  rule(2, 0, {}, [{ type: "set-eth-dst", mac: spec.mac }, output("ovn")]);
  rule(3, 0, {}, [{ type: "eth-src-from-dst" }, { type: "set-eth-dst", mac: spec.mac }, output("host")]);
  rule(6, 0, {}, [output("host")]);
  rule(7, 0, {}, [output("physical")]);
  return rules;
}

interface ServiceContext {
  readonly ip: 4 | 6;
  readonly primary: string;
  readonly rule: (table: number, priority: number, match: BridgeMatch, actions: readonly BridgeAction[], origin?: Origin) => void;
}

/** A shared gateway hands what comes for a service to OVN; a backend on the own host's network is served by the host itself. */
function serviceRules(spec: BridgeExSpec, service: BridgeService, { ip, primary, rule }: ServiceContext): void {
  const { protocol, address, port, hostPort, origin } = service;
  if (address !== undefined && isIpv6(address) !== (ip === 6)) return;
  if (hostPort !== undefined) {
    const zone = bridgeZones.hostNodePort;
    rule(0, 110, { port: "physical", ip, protocol, destination: address, destinationPort: port }, [{ type: "ct", commit: true, zone, nat: { destination: primary, port: hostPort }, table: 6 }], origin);
    rule(0, 110, { port: "host", ip, protocol, sourcePort: hostPort }, [{ type: "ct", zone, nat: "undo", table: 7 }], origin);
    return;
  }
  if (spec.gatewayMode === "local") return;
  rule(0, 110, { port: "physical", ip, protocol, destination: address, destinationPort: port }, [output("ovn")], origin);
  rule(0, 110, { port: "ovn", ip, protocol, source: address, sourcePort: port }, [output("physical")], origin);
}
