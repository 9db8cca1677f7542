import type { Connection, EndpointContext, EndpointStep, Finding, Identity, Observation, Opening, Payload, Reply } from "@hopscope/core";
import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { compileRouter, routerEndpoint } from "../../src/index.ts";
import { controller, route, service, slice, snapshotOfObjects } from "../router/objects.ts";

const SECOND = 1_000_000_000;
const identity: Identity = { namespace: "node worker-0", object: "Pod openshift-ingress/router-default-1", node: "worker-0" };
const ok: Reply = { type: "http", status: 200, headers: { server: "echo" }, by: "app", after: 0 };
const refused: Reply = { type: "reset", reason: "connect-refused", detail: "nothing listens", after: 0 };

/** Runs one request through a router whose servers answer as told; time passes as the openings' deadlines say. */
function ask(objects: readonly Resource[], request: { url: string; sni?: boolean; headers?: Record<string, string>; source?: string }, answer: (opening: Opening, attempt: number) => Reply) {
  const program = compileRouter(snapshotOfObjects([controller(), ...objects]));
  const router = routerEndpoint({ id: "router", identity, program });
  const opened: Opening[] = [];
  const steps: EndpointStep[] = [];
  const logs: Observation[] = [];
  const findings: Finding[] = [];
  let now = 0;
  const context: EndpointContext = {
    get now() {
      return now;
    },
    exchange: (opening) => {
      opened.push(opening);
      const reply = answer(opening, opened.length);
      if (reply.type === "timeout") now += (reply.phase === "connect" ? opening.connectTimeout : opening.responseTimeout) ?? 0;
      return reply;
    },
    wait: (nanoseconds) => {
      now += nanoseconds;
    },
    record: (step) => void steps.push(step),
    observe: (fact) => void logs.push(fact),
    finding: (finding) => void findings.push(finding),
    caveat: () => undefined,
    choose: () => 0,
  };
  const { protocol, hostname, pathname, search } = new URL(request.url);
  const secure = protocol === "https:";
  const socket = { address: "192.168.77.5", port: secure ? 443 : 80 };
  const connection: Connection = {
    protocol: "tcp",
    source: { address: request.source ?? "192.0.2.10", port: 40000 },
    local: socket,
    originalDestination: socket,
    ...(secure && { tls: { alpn: [], version: "1.3" as const, ...(request.sni !== false && { sni: hostname }) } }),
  };
  const payload: Payload = { type: "http", request: { version: "1.1", method: "GET", scheme: secure ? "https" : "http", authority: hostname, path: pathname + search, headers: request.headers ?? {} } };
  const reply = router.accept(connection, context) ?? router.serve(payload, connection, context);
  return { reply, opened, steps, logs, findings, seconds: now / SECOND };
}

const web = [service("web"), slice("web", ["10.128.2.7"])];
const two = [service("web"), slice("web", ["10.128.2.7", "10.129.2.8"])];

describe("a request to an admitted host", () => {
  it("opens a leg to the pod, not to the Service, and passes its answer on", () => {
    const { reply, opened, logs } = ask([route("shop", {}), ...web], { url: "http://shop.test/a?b" }, () => ok);
    expect(opened[0]?.to).toEqual({ address: "10.128.2.7", port: 8080 });
    expect(opened[0]?.label).toEqual({ backend: "be_http:demo:shop", endpoint: "pod:web-0:web:http:10.128.2.7:8080" });
    expect(reply).toMatchObject({ type: "http", status: 200, by: "app" });
    expect(logs).toMatchObject([{ type: "haproxy", backend: "be_http:demo:shop", server: "pod:web-0:web:http:10.128.2.7:8080", status: 200, termination: "--NI" }]);
  });

  it("tells the pod who asked", () => {
    const { opened } = ask([route("shop", {}), ...web], { url: "http://shop.test/", source: "192.0.2.99" }, () => ok);
    const payload = opened[0]?.payload;
    expect(payload?.type === "http" && payload.request.headers).toMatchObject({ "x-forwarded-for": "192.0.2.99", "x-forwarded-proto": "http", "x-forwarded-port": "80" });
  });

  it("records the map line with the Route that made it", () => {
    const { steps } = ask([route("shop", {}), ...web], { url: "http://shop.test/" }, () => ok);
    const step = steps.find((candidate) => candidate.stage === "os_http_be.map");
    expect(step?.decisions[0]?.origin.object).toBe("Route demo/shop");
    expect(steps.map((candidate) => candidate.stage)).toContain("backend be_http:demo:shop");
  });

  it("speaks TLS to the pod of a reencrypt route", () => {
    const { opened } = ask([route("shop", { tls: { termination: "reencrypt" } }), ...web], { url: "https://shop.test/" }, () => ok);
    expect(opened[0]?.tls).toEqual({ alpn: [], version: "1.3" });
  });

  it("hands the client's own TLS to the pod of a passthrough route", () => {
    const { opened, logs } = ask([route("shop", { tls: { termination: "passthrough" } }), ...web], { url: "https://shop.test/" }, () => ok);
    expect(opened[0]?.tls?.sni).toBe("shop.test");
    expect(logs[0]).toMatchObject({ backend: "be_tcp:demo:shop", termination: "--" });
  });
});

describe("a server that fails", () => {
  it.each([
    ["one that refuses is tried four times, a second apart", web, refused, 4, 3, 503, "SCNN"],
    ["two that refuse are tried in turn without a pause", two, refused, 4, 0, 503, "SCNN"],
    ["one that does not answer the SYN costs four connect time-outs", web, { type: "timeout", phase: "connect", detail: "dropped", after: 0 } as const, 4, 20, 503, "sCNN"],
    ["a slow one ends in 504 after the server time-out", web, { type: "timeout", phase: "response", detail: "slow", after: 0 } as const, 1, 30, 504, "sHNN"],
    ["one that closes without an answer ends in 502 at once", web, { type: "reset", reason: "connection-reset", detail: "closed", after: 0 } as const, 1, 0, 502, "SHNN"],
  ])("%s", (_, pods, failure, attempts, seconds, status, termination) => {
    const result = ask([route("shop", {}), ...pods], { url: "http://shop.test/" }, () => failure);
    expect(result.opened).toHaveLength(attempts);
    expect(result.seconds).toBe(seconds);
    expect(result.reply).toMatchObject({ type: "http", status, flags: termination, by: "router" });
    expect(result.logs[0]).toMatchObject({ status, termination });
  });

  it("is left for another one after one connect time-out", () => {
    const result = ask([route("shop", {}), ...two], { url: "http://shop.test/" }, (_, attempt) => (attempt === 1 ? { type: "timeout", phase: "connect", detail: "dropped", after: 0 } : ok));
    expect(result.seconds).toBe(5);
    expect(result.opened.map((opening) => opening.to.address)).toEqual(["10.128.2.7", "10.129.2.8"]);
    expect(result.reply).toMatchObject({ status: 200 });
  });

  it("follows the route's own time-out", () => {
    const annotations = { "haproxy.router.openshift.io/timeout": "2s" };
    const result = ask([route("shop", {}, { annotations }), ...web], { url: "http://shop.test/" }, () => ({ type: "timeout", phase: "response", detail: "slow", after: 0 }));
    expect(result.seconds).toBe(2);
  });
});

describe("what the router answers itself", () => {
  it("is 503 for an unknown host, with the nearest host named", () => {
    const { reply, findings, logs } = ask([route("shop", {}), ...web], { url: "http://shpo.test/" }, () => ok);
    expect(reply).toMatchObject({ status: 503, by: "router" });
    expect(logs[0]).toMatchObject({ backend: "openshift_default", server: "<NOSRV>", termination: "SC--" });
    expect(findings).toMatchObject([{ code: "router/no-route-for-host", origin: { object: "IngressController openshift-ingress-operator/default" } }]);
    expect(findings[0]?.problem).toContain('the nearest is "shop.test"');
  });

  it.each([
    ["a host served over TLS only", [route("shop", { tls: { termination: "edge" } })], "http://shop.test/", "over TLS only"],
    ["a host without TLS", [route("shop", {})], "https://shop.test/", "over plain HTTP only"],
    ["a path that no route covers", [route("shop", { path: "/api" })], "http://shop.test/other", "no route covers the path"],
    ["a host that is not admitted", [route("shop", { host: "Shop_x.test", wildcardPolicy: "Subdomain" }), route("b", { host: "x.test", wildcardPolicy: "Subdomain" })], "http://x.test/", "not admitted (RouteNotAdmitted"],
  ])("explains %s", (_, routes, url, text) => {
    const { findings } = ask([...routes, ...web], { url }, () => ok);
    expect(findings[0]?.problem).toContain(text);
  });

  it.each([
    ["no ready pod", [service("web"), slice("web", [])], "kubernetes/service-without-endpoints", "Service demo/web"],
    ["no Service", [], "kubernetes/service-without-endpoints", "Route demo/shop"],
  ])("is 503 where there is %s", (_, objects, code, object) => {
    const { reply, findings, opened } = ask([route("shop", {}), ...objects], { url: "http://shop.test/" }, () => ok);
    expect(reply).toMatchObject({ status: 503, flags: "SCNN" });
    expect(opened).toEqual([]);
    expect(findings).toMatchObject([{ code, origin: { object } }]);
  });

  it("is 503 where the target port is the Service's and not the pod's", () => {
    const { findings } = ask([route("shop", { port: { targetPort: 80 } }), ...web], { url: "http://shop.test/" }, () => ok);
    expect(findings).toMatchObject([{ code: "router/target-port-matches-nothing", fix: "set spec.port.targetPort to one of http (8080)" }]);
  });

  it("is a redirect, before any address list is looked at", () => {
    const annotations = { "haproxy.router.openshift.io/ip_whitelist": "10.0.0.0/8" };
    const objects = [route("shop", { tls: { termination: "edge", insecureEdgeTerminationPolicy: "Redirect" } }, { annotations }), ...web];
    expect(ask(objects, { url: "http://shop.test/a?b" }, () => ok).reply).toMatchObject({ status: 302, headers: { location: "https://shop.test/a?b" } });
    expect(ask(objects, { url: "https://shop.test/" }, () => ok).reply).toMatchObject({ type: "reset", reason: "closed" });
    expect(ask(objects, { url: "https://shop.test/", source: "10.1.2.3" }, () => ok).reply).toMatchObject({ status: 200 });
  });
});

describe("the persistence cookie", () => {
  it("names the server and is kept from the pod", () => {
    const program = compileRouter(snapshotOfObjects([controller(), route("shop", {}), ...two]));
    const [name] = program.backends[0]?.cookie?.split(" ") ?? [];
    const cookie = `a=1; ${name}=${program.backends[0]?.servers[1]?.cookie}`;
    const { opened, logs, reply } = ask([route("shop", {}), ...two], { url: "http://shop.test/", headers: { cookie } }, () => ok);
    expect(opened[0]?.to.address).toBe("10.129.2.8");
    const payload = opened[0]?.payload;
    expect(payload?.type === "http" && payload.request.headers["cookie"]).toBe("a=1");
    expect(logs[0]).toMatchObject({ termination: "--VN" });
    expect(reply.type === "http" && reply.headers["set-cookie"]).toBe(undefined);
  });
});
