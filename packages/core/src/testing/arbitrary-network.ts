import fc from "fast-check";
import { httpClient } from "../journey/http-client.ts";
import type { Initiator } from "../journey/simulate.ts";
import type { Endpoint } from "../network/endpoint.ts";
import type { Network } from "../network/network.ts";
import { hostStage, type Middle, middleStage } from "./middle-stages.ts";

/** A generated network: the client, what stands between, and a server with an application. */
export interface GeneratedNetwork {
  readonly middles: readonly Middle[];
  readonly network: Network;
  readonly initiator: Initiator;
  /** Address that the client asks for: the server's, or that of the first `dnat`. */
  readonly target: string;
}

const passing: fc.Arbitrary<Middle> = fc.oneof(
  fc.constantFrom<Middle>({ type: "wire" }, { type: "router" }, { type: "snat" }),
  fc.integer({ min: 2, max: 3 }).map((ways): Middle => ({ type: "fork", ways })),
);
const ending = fc.constantFrom<Middle>({ type: "wall" }, { type: "valve" }, { type: "refuser" }, { type: "fog" });

const SERVER = "10.0.9.9";
const VIRTUAL = "172.30.0.1";

const app: Endpoint = {
  id: "app",
  system: "app",
  identity: { namespace: "server", object: "Pod shop/web" },
  accept: () => undefined,
  serve: (_payload, _connection, context) => {
    context.record({ system: "app", place: "pod shop/web", stage: "serve", decisions: [], terms: [{ key: "app/default" }] });
    return { type: "http", status: 200, headers: {}, by: "app", after: 0 };
  },
};

/** Builds the network of a list of middles, in the order in which a request meets them. */
export function networkOf(middles: readonly Middle[]): GeneratedNetwork {
  const target = middles.some(({ type }) => type === "dnat") ? VIRTUAL : SERVER;
  const stages = [
    hostStage("client", "10.0.0.1", undefined),
    ...middles.map((middle, index) => middleStage(`middle-${index}`, middle, { own: `10.0.1.${index + 1}`, virtual: VIRTUAL, server: SERVER })),
    hostStage("server", SERVER, app.id),
  ];
  const links = stages.slice(1).map(({ id }, index) => ({ a: [stages[index]?.id ?? "", "right"] as const, b: [id, "left"] as const }));
  const initiator = httpClient({
    question: { from: "client", to: `http://${target}/` },
    identity: { namespace: "client", object: "outside client" },
    url: { scheme: "http", host: target, port: 80, path: "/" },
    address: target,
  });
  return { middles, target, initiator, network: { stages: new Map(stages.map((stage) => [stage.id, stage])), links, endpoints: new Map([[app.id, app]]) } };
}

/**
 * A network of hand-made stages between one client and one server: wires, routers, address translation, choices, and at times
 * something that ends the journey. It shrinks to fewer stages.
 *
 * @example
 * fc.assert(fc.property(arbitraryNetwork(), ({ network, initiator }) => simulate(network, initiator).latency.p50 >= 0));
 */
export function arbitraryNetwork(): fc.Arbitrary<GeneratedNetwork> {
  const parts = fc.record({ before: fc.array(passing, { maxLength: 5 }), virtual: fc.boolean(), ends: fc.option(ending, { nil: undefined, freq: 2 }), after: fc.array(passing, { maxLength: 5 }) });
  return parts.map(({ before, virtual, ends, after }) => networkOf([...before, ...(virtual ? [{ type: "dnat" } as const] : []), ...(ends === undefined ? [] : [ends]), ...after]));
}
