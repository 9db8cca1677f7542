import { CLIENT_SOCKET, type Decided, type Outcome, type Packet, type Stage, type Visit } from "@hopscope/core";
import type { NamespaceState, NetworkNamespace } from "./namespace.ts";
import { type Passage, prepare, type Prepared, startState } from "./passage.ts";
import { conclude } from "./conclude.ts";
import { receive } from "./receive.ts";
import { send } from "./send.ts";

/** The port at which packets of the namespace's own sockets enter. */
export const LOCAL = "local";
export { CLIENT_SOCKET };

/**
 * Makes a network namespace a place in a network.
 *
 * Its ports are its interfaces' names and `local`, where the namespace's sockets send. A packet for one of the
 * namespace's own addresses crosses `lo` within the same visit. What reaches a socket that was opened from here is
 * delivered to `CLIENT_SOCKET`.
 *
 * @example
 * namespaceStage({ id: "pod demo/web-1", interfaces: [{ name: "eth0", addresses: ["10.128.2.7/23"] }], routes: [{ to: "default", via: "10.128.2.1" }], sockets: [] })
 */
export function namespaceStage(namespace: NetworkNamespace): Stage<NamespaceState> {
  let prepared: Prepared | undefined;
  return {
    id: namespace.id,
    decide: (visit: Visit<NamespaceState>): Decided<NamespaceState> => {
      prepared ??= prepare(namespace);
      const passage = passageOf(prepared, visit);
      const outcome: Outcome = visit.packet.ip === undefined
        ? { type: "drop", reason: `${passage.on.place} takes IP packets only`, origin: passage.on.origin }
        : conclude(passage, visit.port === LOCAL ? send(passage) : receive(passage, visit.port));
      // What could not be read is told once, with the first packet.
      const caveats = visit.state === undefined ? [...prepared.caveats, ...passage.caveats] : passage.caveats;
      return { outcome, steps: passage.steps, state: passage.state, caveats };
    },
  };
}

function passageOf(on: Prepared, { packet, state, choose, port }: Visit<NamespaceState>): Passage {
  return { on, choose, steps: [], caveats: [], state: state ?? startState, packet: port === LOCAL ? packet : arriving(packet), tracked: undefined, zone: 0, owned: false, assigned: undefined, isAnswer: false };
}

/** Marks and owners stay in the kernel that a packet left. */
const arriving = (packet: Packet): Packet => (packet.local === undefined ? packet : { ...packet, local: undefined });
