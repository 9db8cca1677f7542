import {
  CLIENT_SOCKET,
  type Endpoint,
  httpClient,
  type Network,
  type Outcome,
  type Packet,
  replyTo,
  simulate,
  type Stage,
  type Step,
  tcpPacket,
} from "@hopscope/core";
import { describe, expect, it } from "vitest";

const step = (place: string, before: Packet, after: Packet): Step => ({ system: "host", place, stage: "wire", before, after, decisions: [], terms: [{ key: "wire" }] });

/** A host with one address; delivers what is addressed to it, sends the rest out. */
function host(id: string, address: string, endpoint: string, forced?: (packet: Packet) => Outcome | undefined): Stage {
  return {
    id,
    decide: ({ packet, port }) => {
      const ip = packet.ip;
      if (ip === undefined) return { outcome: { type: "drop", reason: "no IP", origin: { object: id } }, steps: [] };
      const sent = ip.src === "0.0.0.0" ? { ...packet, ip: { ...ip, src: address } } : packet;
      const made = [step(id, packet, sent)];
      const outcome = forced?.(sent);
      if (outcome !== undefined && port !== "local") return { outcome, steps: made };
      if (ip.dst !== address) return { outcome: { type: "forward", out: "eth0", packet: sent }, steps: made };
      const l4 = sent.l4;
      return { outcome: { type: "deliver", to: { endpoint, socket: { address, port: l4?.type === "tcp" ? l4.dst : 0 } }, packet: sent }, steps: made };
    },
  };
}

const app: Endpoint = {
  id: "app",
  system: "app",
  identity: { namespace: "b", object: "Pod shop/web" },
  accept: () => undefined,
  serve: (_payload, _connection, context) => {
    context.record({ system: "app", place: "pod shop/web", stage: "serve", decisions: [], terms: [{ key: "app/default" }] });
    return { type: "http", status: 200, headers: {}, by: "app", after: 0 };
  },
};

const client = (address = "10.0.0.2") =>
  httpClient({
    question: { from: "a", to: `http://${address}/` },
    identity: { namespace: "a", object: "outside client" },
    url: { scheme: "http", host: address, port: 80, path: "/" },
    address,
  });

const network = (b: Stage, links: Network["links"] = [{ a: ["a", "eth0"], b: ["b", "eth0"] }]): Network => ({
  stages: new Map([host("a", "10.0.0.1", CLIENT_SOCKET), b].map((stage) => [stage.id, stage])),
  links,
  endpoints: new Map([["app", app]]),
});

describe("simulate", () => {
  it("delivers a request and walks the reply back to the socket that opened it", () => {
    const journey = simulate(network(host("b", "10.0.0.2", "app")), client());
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(journey.legs).toHaveLength(1);
    expect(journey.legs[0]).toMatchObject({ outcome: "accepted", from: { address: "10.0.0.1" }, to: { address: "10.0.0.2", port: 80, object: "Pod shop/web" }, reply: { outcome: "accepted" } });
    expect(journey.requests).toMatchObject([{ leg: 1, method: "GET", authority: "10.0.0.2", path: "/", status: 200 }]);
  });

  it("gives equal journeys for equal arguments", () => {
    const made = network(host("b", "10.0.0.2", "app"));
    expect(simulate(made, client())).toEqual(simulate(made, client()));
  });

  it("calls silence dropped, and waits for the client's connect time-out", () => {
    const wall = host("b", "10.0.0.2", "app", () => ({ type: "drop", reason: "a wall", origin: { object: "Wall b" } }));
    const { verdict, legs } = simulate(network(wall), client());
    expect(verdict).toMatchObject({ type: "dropped", deciding: { object: "Wall b" } });
    expect(legs[0]?.times.closed).toBe(127e9);
  });

  it("finds a reply that does not come back", () => {
    const oneWay: Stage = { ...host("b", "10.0.0.2", "app") };
    const deaf: Stage = {
      id: "b",
      decide: (visit) => (visit.port === "local" ? { outcome: { type: "drop", reason: "no way back", origin: { object: "b" } }, steps: [] } : oneWay.decide(visit)),
    };
    const { verdict, legs } = simulate(network(deaf), client());
    expect(verdict.type).toBe("dropped");
    expect(legs[0]?.ended?.code).toBe("journey/reply-lost");
  });

  it("gives a refusal to the socket that opened the connection, and to no other", () => {
    const refusal = (packet: Packet): Packet => tcpPacket({ src: "10.0.0.2", dst: packet.ip?.src ?? "", srcPort: 80, dstPort: 32768, flags: ["rst", "ack"] });
    const refusing = host("b", "10.0.0.2", "app", (packet) => ({ type: "reject", reason: "port closed", origin: { object: "b" }, with: refusal(packet), out: "eth0", code: "app/not-listening" }));
    const { verdict } = simulate(network(refusing), client());
    expect(verdict).toMatchObject({ type: "refused", sentence: expect.stringMatching(/^refused after .* µs: port closed$/) });
    // The client's host gives what comes back to another endpoint than the waiting socket.
    const wrong: Network = { ...network(refusing), stages: new Map([host("a", "10.0.0.1", "app"), refusing].map((stage) => [stage.id, stage])) };
    expect(simulate(wrong, client())).toMatchObject({ verdict: { type: "dropped" }, legs: [{ outcome: "dropped", ended: { reason: expect.stringContaining("opened no such connection") } }] });
  });

  it("says at once where a refusal takes no time", () => {
    const here = host("a", "10.0.0.1", CLIENT_SOCKET);
    const closed: Stage = { id: "a", decide: (visit) => (visit.port === "local" ? { outcome: { type: "reject", reason: "no route", origin: { object: "a" }, with: visit.packet, out: CLIENT_SOCKET }, steps: [] } : here.decide(visit)) };
    const { verdict } = simulate({ ...network(here), stages: new Map([["a", closed]]), links: [] }, client());
    expect(verdict.sentence).toBe("refused at once: no route");
  });

  it("follows the copies of a packet and tells of those that lead nowhere", () => {
    const copier = (...ports: readonly string[]): Stage => ({ id: "b", decide: ({ packet }) => ({ outcome: { type: "replicate", copies: ports.map((out) => ({ out, packet })) }, steps: [] }) });
    const far = host("c", "10.0.0.2", "app");
    const links: Network["links"] = [{ a: ["a", "eth0"], b: ["b", "in"] }, { a: ["b", "wall"], b: ["wall", "in"] }, { a: ["b", "far"], b: ["c", "eth0"] }];
    const wall: Stage = { id: "wall", decide: () => ({ outcome: { type: "drop", reason: "a wall", origin: { object: "wall" } }, steps: [] }) };
    const made = (stage: Stage): Network => ({ ...network(stage, links), stages: new Map([host("a", "10.0.0.1", CLIENT_SOCKET), stage, far, wall].map((one) => [one.id, one])) });
    const reached = simulate(made(copier("wall", "nowhere", "far")), client());
    expect(reached.legs[0]?.to.object).toBe("Pod shop/web");
    expect(reached.caveats).toMatchObject([{ code: "journey/copy-unconnected", problem: 'b sent a copy of the packet to port "nowhere", to which nothing is connected' }]);
    expect(simulate(made(copier("x", "y")), client()).legs[0]?.ended?.reason).toBe('nothing is connected to port "x", "y" of b');
    expect(simulate(made(copier()), client()).legs[0]?.ended?.reason).toBe("b sent the packet nowhere");
  });

  it("tries a name's other addresses where the first refuses", () => {
    const answers = host("b", "10.0.0.2", "app", (packet) => (packet.ip?.dst === "10.0.0.2" ? undefined : { type: "reject", reason: "nobody", origin: { object: "b" }, with: replyTo(packet, { flags: ["rst"] }), out: "eth0" }));
    const initiator = httpClient({ question: { from: "a", to: "http://two/" }, identity: { namespace: "a", object: "outside client" }, url: { scheme: "http", host: "two", port: 80, path: "/" }, address: ["10.0.0.9", "10.0.0.2"] });
    const { verdict, legs } = simulate(network(answers), initiator);
    expect([verdict.type, ...legs.map(({ to, outcome }) => `${to.address} ${outcome}`)]).toEqual(["delivered", "10.0.0.9 refused", "10.0.0.2 accepted"]);
  });

  it("ends a packet that travels in a circle", () => {
    const circle: Stage = { id: "b", decide: ({ packet, port }) => ({ outcome: { type: "forward", out: port === "eth0" ? "x" : "y", packet }, steps: [] }) };
    const { legs } = simulate(network(circle, [{ a: ["a", "eth0"], b: ["b", "eth0"] }, { a: ["b", "x"], b: ["b", "y"] }]), client());
    expect(legs[0]?.ended?.code).toBe("journey/loop");
  });

  it("follows every way of a choice with its probability", () => {
    const split: Stage = {
      id: "b",
      decide: (visit) => {
        const taken = visit.port === "local" ? 0 : visit.choose("split", [{ name: "left", weight: 0.75 }, { name: "right", weight: 0.25 }]);
        return taken === 0 ? host("b", "10.0.0.2", "app").decide(visit) : { outcome: { type: "drop", reason: "right is closed", origin: { object: "right" } }, steps: [] };
      },
    };
    const journey = simulate(network(split), client(), { choose: { type: "all" } });
    expect([journey, ...journey.alternatives].map(({ probability, verdict }) => [probability, verdict.type])).toEqual([
      [0.75, "delivered"],
      [0.25, "dropped"],
    ]);
  });

  it("says unknown where a stage does not know", () => {
    const dark = host("b", "10.0.0.2", "app", () => ({ type: "unknown", reason: "set match is not modelled" }));
    expect(simulate(network(dark), client()).verdict).toMatchObject({ type: "unknown", sentence: "unknown, because set match is not modelled" });
  });
});
