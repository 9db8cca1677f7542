import { type Endpoint, httpClient, type Identity, type Journey, type Network, simulate } from "@hopscope/core";
import { namespaceStage, type NetworkNamespace } from "@hopscope/model-linux";
import { describe, expect, it } from "vitest";
import { sidecarDefaults, sidecarRules } from "../../src/index.ts";

const rules = sidecarRules({ ...sidecarDefaults, inboundPortsInclude: "*", inboundPortsExclude: "15020,15021,15090", outboundRangesInclude: "*" });
const proxy: Identity = { namespace: "web", object: "Pod demo/web", uid: 1337, gid: 1337 };
const app: Identity = { namespace: "web", object: "Pod demo/web", uid: 1000650000, gid: 0 };

const web: NetworkNamespace = {
  id: "web",
  place: "pod demo/web",
  interfaces: [{ name: "eth0", addresses: ["10.128.2.7/23"] }],
  routes: [{ to: "default", via: "10.128.2.1" }],
  netfilter: { v4: rules.v4.save },
  sockets: [
    { address: "0.0.0.0", port: 8080, protocol: "tcp", endpoint: "app", uid: app.uid, gid: app.gid },
    { address: "0.0.0.0", port: 15001, protocol: "tcp", endpoint: "outbound", uid: 1337, gid: 1337 },
    { address: "0.0.0.0", port: 15006, protocol: "tcp", endpoint: "inbound", uid: 1337, gid: 1337 },
  ],
};
const outside: NetworkNamespace = { id: "outside", interfaces: [{ name: "eth0", addresses: ["10.128.2.1/23"] }], routes: [], sockets: [{ address: "0.0.0.0", port: 80, protocol: "tcp", endpoint: "elsewhere" }] };

/** An endpoint that answers itself. */
const answering = (id: string, identity: Identity): Endpoint => ({ id, system: "app", identity, accept: () => undefined, serve: () => ({ type: "http", status: 200, headers: {}, by: id, after: 0 }) });
/** A proxy that passes a request on to where it was meant to go. */
const passing = (id: string, source?: string): Endpoint => ({
  id,
  system: "envoy",
  identity: proxy,
  accept: () => undefined,
  serve: (payload, connection, context) => context.exchange({ identity: proxy, to: connection.originalDestination, protocol: "tcp", source, payload }),
});

const network: Network = {
  stages: new Map([web, outside].map((namespace) => [namespace.id, namespaceStage(namespace)])),
  links: [{ a: ["web", "eth0"], b: ["outside", "eth0"] }],
  endpoints: new Map([answering("app", app), answering("elsewhere", { namespace: "outside", object: "outside" }), passing("inbound", "127.0.0.6"), passing("outbound")].map((endpoint) => [endpoint.id, endpoint])),
};
const get = (identity: Identity, address: string, port: number): Journey =>
  simulate(network, httpClient({ question: { from: identity.object, to: address }, identity, url: { scheme: "http", host: address, port, path: "/" }, address }));
const ways = ({ legs }: Journey): readonly string[] => legs.map(({ from, to, outcome }) => `${from.address} -> ${to.address}:${to.port} ${outcome}`);

describe("a journey through an intercepted pod", () => {
  it("enters by the proxy, which reaches the application from 127.0.0.6", () => {
    const journey = get({ namespace: "outside", object: "outside" }, "10.128.2.7", 8080);
    expect(ways(journey)).toEqual(["10.128.2.1 -> 10.128.2.7:8080 accepted", "127.0.0.6 -> 10.128.2.7:8080 accepted"]);
    expect(journey.verdict).toMatchObject({ type: "delivered" });
  });

  it("leaves by the proxy, which goes out itself", () => {
    const journey = get(app, "10.128.2.1", 80);
    expect(ways(journey)).toEqual(["10.128.2.7 -> 10.128.2.1:80 accepted", "10.128.2.7 -> 10.128.2.1:80 accepted"]);
    expect(journey.caveats).toEqual([]);
  });

  it("does not meet the proxy on the way to its own address", () => {
    expect(ways(get(app, "10.128.2.7", 8080))).toEqual(["10.128.2.7 -> 10.128.2.7:8080 accepted"]);
  });
});
