import type { Mac, Origin } from "@hopscope/core";

/** A connector of br-ex: the NIC, the host's own stack (LOCAL), and the patch to the localnet port of `ext_<node>`. */
export type BridgePort = "physical" | "host" | "ovn";

/** What a rule of br-ex asks of a packet; absent fields ask nothing. */
export interface BridgeMatch {
  readonly port?: BridgePort;
  /** Any IP packet of that version. */
  readonly ip?: 4 | 6;
  readonly protocol?: "tcp" | "udp" | "sctp" | "icmp";
  /** Addresses or subnets. */
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly ethDestination?: Mac;
  readonly mark?: number;
  readonly connection?: { readonly state: "established" | "related"; readonly mark: number };
}

/** What a rule of br-ex does, in order. */
export type BridgeAction =
  | { readonly type: "output"; readonly to: BridgePort }
  | { readonly type: "drop" }
  /** Forward as a plain learning switch. */
  | { readonly type: "normal" }
  | {
      readonly type: "ct";
      readonly zone: number;
      readonly commit?: boolean;
      /** `"undo"` applies what the connection already has. */
      readonly nat?: "undo" | { readonly source: string } | { readonly destination: string; readonly port?: number };
      readonly mark?: number;
      /** Table in which the packet goes on with its connection known. */
      readonly table?: number;
    }
  | { readonly type: "set-eth-dst"; readonly mac: Mac }
  /** The old destination MAC becomes the source. */
  | { readonly type: "eth-src-from-dst" };

/** One OpenFlow rule of br-ex. */
export interface BridgeRule {
  readonly table: number;
  readonly priority: number;
  readonly match: BridgeMatch;
  readonly actions: readonly BridgeAction[];
  readonly origin: Origin;
}

const portName = { physical: "1", ovn: "2", host: "LOCAL" } as const;

/** Prints a rule the way `ovs-ofctl dump-flows` does, with port 1 the NIC and port 2 the patch to OVN. */
export function printBridgeRule({ table, priority, match, actions }: BridgeRule): string {
  const parts = [`table=${table}`, `priority=${priority}`];
  const six = match.ip === 6;
  if (match.port !== undefined) parts.push(`in_port=${portName[match.port]}`);
  if (match.protocol !== undefined) parts.push(`${match.protocol}${six ? "6" : ""}`);
  else if (match.ip !== undefined) parts.push(six ? "ipv6" : "ip");
  if (match.connection !== undefined) parts.push(`ct_state=+trk+${match.connection.state === "established" ? "est" : "rel"}`, `ct_mark=0x${match.connection.mark.toString(16)}`);
  if (match.mark !== undefined) parts.push(`pkt_mark=0x${match.mark.toString(16)}`);
  if (match.ethDestination !== undefined) parts.push(`dl_dst=${match.ethDestination}`);
  const field = six ? "ipv6" : "nw";
  if (match.source !== undefined) parts.push(`${field}_src=${match.source}`);
  if (match.destination !== undefined) parts.push(`${field}_dst=${match.destination}`);
  if (match.sourcePort !== undefined) parts.push(`tp_src=${match.sourcePort}`);
  if (match.destinationPort !== undefined) parts.push(`tp_dst=${match.destinationPort}`);
  return `${parts.join(",")} actions=${actions.map(printAction).join(",")}`;
}

function printAction(action: BridgeAction): string {
  switch (action.type) {
    case "output":
      return action.to === "host" ? "LOCAL" : `output:${portName[action.to]}`;
    case "drop":
      return "drop";
    case "normal":
      return "NORMAL";
    case "set-eth-dst":
      return `set_field:${action.mac}->eth_dst`;
    case "eth-src-from-dst":
      return "move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[]";
    case "ct": {
      const { nat } = action;
      const inside = [
        ...(action.commit === true ? ["commit"] : []),
        ...(action.table === undefined ? [] : [`table=${action.table}`]),
        `zone=${action.zone}`,
        ...(nat === undefined ? [] : [nat === "undo" ? "nat" : "source" in nat ? `nat(src=${nat.source})` : `nat(dst=${nat.destination}${nat.port === undefined ? "" : `:${nat.port}`})`]),
        ...(action.mark === undefined ? [] : [`exec(set_field:0x${action.mark.toString(16)}->ct_mark)`]),
      ];
      return `ct(${inside.join(",")})`;
    }
  }
}
