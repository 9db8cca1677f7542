import { CLIENT_SOCKET, httpClient, simulate, type Endpoint, type Identity, type Network, type Packet, type Stage } from "@hopscope/core";
import { describe, expect, it } from "vitest";
import { compileRouter, routerEndpoint } from "../../src/index.ts";
import { controller, route, service, slice, snapshotOfObjects } from "../router/objects.ts";

const at = (object: string): Identity => ({ namespace: "net", object });

/** One flat network: packets reach the socket they are addressed to, answers the client that asked. */
function flat(endpoints: readonly { readonly address: string; readonly port: number; readonly endpoint: Endpoint }[]): Network {
  const stage: Stage = {
    id: "net",
    decide: ({ packet }: { readonly packet: Packet }) => {
      const { ip, l4 } = packet;
      const port = l4?.type === "tcp" ? l4.dst : 0;
      const found = endpoints.find((candidate) => candidate.address === ip?.dst && candidate.port === port);
      const steps = [{ system: "fabric" as const, place: "net", stage: "net", before: packet, after: packet, decisions: [], terms: [] }];
      if (found === undefined && port < 32768) return { outcome: { type: "drop", reason: "nobody is there", origin: { object: "net" } }, steps };
      return { outcome: { type: "deliver", to: { endpoint: found?.endpoint.id ?? CLIENT_SOCKET, socket: { address: ip?.dst ?? "", port } }, packet }, steps };
    },
  };
  return { stages: new Map([["net", stage]]), links: [], endpoints: new Map(endpoints.map(({ endpoint }) => [endpoint.id, endpoint])) };
}

const pod: Endpoint = {
  id: "web-0",
  system: "app",
  identity: at("Pod demo/web-0"),
  accept: () => undefined,
  serve: () => ({ type: "http", status: 200, headers: {}, by: "web-0", after: 0 }),
};

const journeyTo = (url: string, host: string) => {
  const program = compileRouter(snapshotOfObjects([controller(), route("shop", {}), service("web"), slice("web", ["10.128.2.7"]), route("lost", { to: { kind: "Service", name: "gone" } }), service("gone"), slice("gone", ["10.128.2.99"])]));
  const router = routerEndpoint({ id: "router", identity: at("Pod openshift-ingress/router-default-1"), program });
  const network = flat([
    { address: "192.168.77.5", port: 80, endpoint: router },
    { address: "10.128.2.7", port: 8080, endpoint: pod },
  ]);
  const client = httpClient({ question: { from: "outside", to: url }, identity: at("outside client"), url: { scheme: "http", host, port: 80, path: "/" }, address: "192.168.77.5" });
  return simulate(network, client);
};

describe("a journey through the router", () => {
  it("has a leg to the router and one to the pod", () => {
    const journey = journeyTo("http://shop.test/", "shop.test");
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(journey.legs.map((leg) => [leg.parent, `${leg.to.address}:${leg.to.port}`, leg.outcome])).toEqual([
      [undefined, "192.168.77.5:80", "accepted"],
      [1, "10.128.2.7:8080", "accepted"],
    ]);
    expect(journey.requests[1]).toMatchObject({ parent: 1, backend: "be_http:demo:shop", endpoint: "pod:web-0:web:http:10.128.2.7:8080", status: 200 });
    expect(journey.observations).toMatchObject([{ leg: 0, endpoint: "router", fact: { type: "haproxy", status: 200, termination: "--NI" } }]);
  });

  it("ends in the router's 503 after four connect time-outs where packets are lost", () => {
    const journey = journeyTo("http://lost.test/", "lost.test");
    expect(journey.verdict).toMatchObject({ type: "answered", status: 503 });
    expect(journey.legs.filter((leg) => leg.parent === 1).map((leg) => leg.outcome)).toEqual(["dropped", "dropped", "dropped", "dropped"]);
    expect(Math.round(journey.reply.after / 1e9)).toBe(20);
  });

  it("is decided by the router where no route fits", () => {
    const journey = journeyTo("http://other.test/", "other.test");
    expect(journey.verdict).toMatchObject({ type: "answered", status: 503 });
    expect(journey.findings.map((finding) => finding.code)).toEqual(["router/no-route-for-host"]);
  });
});
