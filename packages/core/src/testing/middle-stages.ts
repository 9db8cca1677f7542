import { CLIENT_SOCKET } from "../journey/exchange.ts";
import type { Decided, Outcome, Stage, Step } from "../network/stage.ts";
import { replyTo } from "../packet/builders.ts";
import type { Packet, Tcp } from "../packet/packet.ts";

/** What stands at one place between the client and the server. */
export type Middle =
  | { readonly type: "wire" }
  /** Lowers the TTL. */
  | { readonly type: "router" }
  /** Gives the packet its own address as source, and undoes that on the way back. */
  | { readonly type: "snat" }
  /** Holds a virtual address: leads it to the server, and undoes that on the way back. */
  | { readonly type: "dnat" }
  /** Picks one of several equal ways. */
  | { readonly type: "fork"; readonly ways: number }
  /** Lets replies through or not, requests never. */
  | { readonly type: "wall" }
  /** Lets requests through, and no reply. */
  | { readonly type: "valve" }
  | { readonly type: "refuser" }
  | { readonly type: "fog" };

const step = (place: string, stage: string, before: Packet, after: Packet): Step => ({ system: "host", place, stage, before, after, decisions: [{ table: stage, rule: "any", verdict: "passes", origin: { object: place } }], terms: [{ key: "wire" }] });

/** A host with one address: gives what is addressed to it to its endpoint (or to the waiting socket), sends the rest to the right. */
export function hostStage(id: string, address: string, endpoint: string | undefined): Stage {
  return {
    id,
    decide: ({ packet, port }) => {
      const { ip, l4 } = packet;
      if (ip === undefined || l4 === undefined || l4.type === "icmp") return { outcome: { type: "drop", reason: "no transport", origin: { object: id } }, steps: [] };
      const sent = ip.src === "0.0.0.0" ? { ...packet, ip: { ...ip, src: address } } : packet;
      const steps = [step(id, "host", packet, sent)];
      if (port === "local") return { outcome: { type: "forward", out: endpoint === undefined ? "right" : "left", packet: sent }, steps };
      if (ip.dst !== address) return { outcome: { type: "drop", reason: `${ip.dst} is not ${address}`, origin: { object: id } }, steps };
      return { outcome: { type: "deliver", to: { endpoint: endpoint ?? CLIENT_SOCKET, socket: { address, port: l4.dst } }, packet: sent }, steps };
    },
  };
}

interface Addresses {
  readonly own: string;
  readonly virtual: string;
  readonly server: string;
}

/** Source addresses by the port of the connection that they belong to. */
type Translated = ReadonlyMap<number, string>;

/** The stage of one middle. Ports are `left`, toward the client, and `right`. */
export function middleStage(id: string, middle: Middle, addresses: Addresses): Stage {
  const decide = ({ packet, port, state, choose }: Parameters<Stage["decide"]>[0]): Decided => {
    const forward = port === "left";
    const table = (state as Translated | undefined) ?? new Map<number, string>();
    const pass = (after: Packet, next?: Translated): Decided => ({ outcome: { type: "forward", out: forward ? "right" : "left", packet: after }, steps: [step(id, middle.type, packet, after)], state: next });
    const end = (outcome: Outcome): Decided => ({ outcome, steps: [step(id, middle.type, packet, packet)] });
    const { ip } = packet;
    const tcp = packet.l4 as Tcp | undefined;
    if (ip === undefined || tcp === undefined) return end({ type: "drop", reason: "no transport", origin: { object: id } });
    switch (middle.type) {
      case "wire":
        return pass(packet);
      case "router":
        return ip.ttl <= 1 ? end({ type: "drop", reason: "the TTL ran out", origin: { object: id } }) : pass({ ...packet, ip: { ...ip, ttl: ip.ttl - 1 } });
      case "snat":
        if (forward) return pass({ ...packet, ip: { ...ip, src: addresses.own } }, new Map(table).set(tcp.src, ip.src));
        return pass({ ...packet, ip: { ...ip, dst: table.get(tcp.dst) ?? ip.dst } });
      case "dnat":
        return pass({ ...packet, ip: forward ? { ...ip, dst: ip.dst === addresses.virtual ? addresses.server : ip.dst } : { ...ip, src: ip.src === addresses.server ? addresses.virtual : ip.src } });
      case "fork": {
        const ways = Array.from({ length: middle.ways }, (_, index) => ({ name: `${id} way ${index}`, weight: 1 / middle.ways }));
        if (forward) choose(id, ways, { object: id });
        return pass(packet);
      }
      case "wall":
        return forward ? end({ type: "drop", reason: `${id} is a wall`, origin: { object: id } }) : pass(packet);
      case "valve":
        return forward ? pass(packet) : end({ type: "drop", reason: `${id} lets nothing back`, origin: { object: id } });
      case "refuser":
        return forward ? end({ type: "reject", reason: `${id} refuses`, origin: { object: id }, with: replyTo(packet, { flags: ["rst", "ack"] }), out: "left" }) : pass(packet);
      case "fog":
        return end({ type: "unknown", reason: `${id} is not modelled`, origin: { object: id } });
    }
  };
  return { id, decide };
}
