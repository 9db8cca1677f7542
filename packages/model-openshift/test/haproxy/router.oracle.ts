import type { EndpointContext, Reply } from "@hopscope/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Resource } from "@hopscope/model-kubernetes";
import { compileRouter, handle, routerEndpoint, type HaproxyProgram } from "../../src/index.ts";
import { controller, route, service, slice, snapshotOfObjects } from "../router/objects.ts";
import { ask, freePort, installed, withHaproxy, workplace, type Question, type Workplace } from "./real-haproxy.ts";

const ci = process.env["CI"] !== undefined;
if (!installed) console.log("skipped: the programs haproxy and openssl are not both installed");
const seed = Number(process.env["HOPSCOPE_SEED"] ?? Date.now() % 1_000_000);

const HOSTS = ["a.test", "b.a.test", "b.test", "c.b.test", "www.c.test"];
const PATHS = ["", "", "/", "/foo", "/foo/", "/foo/bar", "/foo.bar", "/a+b"];

const arbitraryRoute = fc.record({
  host: fc.constantFrom(...HOSTS),
  path: fc.constantFrom(...PATHS),
  wildcard: fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0),
  termination: fc.constantFrom("", "", "edge", "edge", "reencrypt", "passthrough"),
  policy: fc.constantFrom("", "None", "Allow", "Redirect"),
  backend: fc.constantFrom("web", "web", "pair", "empty"),
  rewrite: fc.constantFrom("", "", "", "/", "/new", '/q"x"', "/h#cut"),
  whitelist: fc.constantFrom("", "", "", "", "127.0.0.0/8", "10.0.0.1", "10.0.0.1,127.0.0.1"),
});

const arbitraryQuestion = fc.record({
  secure: fc.boolean(),
  host: fc.oneof(fc.constantFrom(...HOSTS), fc.constantFrom("x.a.test", "A.TEST", "a.test.", "b.test:80", "b.test:x", "z.b.a.test", "other.test")),
  sni: fc.oneof({ weight: 3, arbitrary: fc.constant("same") }, fc.constantFrom("none", ...HOSTS)),
  path: fc.constantFrom("/", "/foo", "/foo/", "/foo/bar/1?q=/foo", "/foobar", "/foo.bar", "/fooXbar", "/a+b", "/aab", "//foo", "/%66oo", "/_______internal_router_healthz"),
});

type Drawn = typeof arbitraryRoute extends fc.Arbitrary<infer T> ? T : never;

function objectsOf(routes: readonly Drawn[], place: Workplace): readonly Resource[] {
  const made = routes.map((drawn, index) => {
    const secure = drawn.termination === "reencrypt" || drawn.termination === "passthrough";
    const annotations = {
      ...(drawn.rewrite !== "" && { "haproxy.router.openshift.io/rewrite-target": drawn.rewrite }),
      ...(drawn.whitelist !== "" && { "haproxy.router.openshift.io/ip_whitelist": drawn.whitelist }),
    };
    return route(
      `r${index}`,
      {
        host: drawn.host,
        ...(drawn.termination !== "passthrough" && { path: drawn.path }),
        ...(drawn.wildcard && { wildcardPolicy: "Subdomain" }),
        to: { kind: "Service", name: drawn.backend === "empty" ? "empty" : secure ? "tls" : drawn.backend, weight: 100 },
        ...(drawn.termination !== "" && { tls: { termination: drawn.termination, insecureEdgeTerminationPolicy: drawn.policy } }),
      },
      { annotations, uid: `r${String(index).padStart(3, "0")}` },
    );
  });
  const [first = 0, second = 0] = place.plain;
  const pair = [slice("pair", ["127.0.0.1"], first), { ...slice("pair", ["127.0.0.1"], second), metadata: { ...slice("pair", []).metadata, name: "pair-def" } }];
  return [controller({ routeAdmission: { wildcardPolicy: "WildcardsAllowed" } }), ...made, ...["web", "pair", "empty", "tls"].map((name) => service(name)), slice("web", ["127.0.0.1"], first), ...pair, slice("tls", ["127.0.0.1"], place.tls)];
}

/** What the machine expects, in the words of what a client can see. */
function expected(program: HaproxyProgram, question: Question): { status: number | undefined; backend?: string; pods?: readonly string[]; location?: string; podPath?: string } {
  const { secure, host, sni, path, port } = question;
  const { action, backend } = handle(program, {
    frontend: secure ? "public_ssl" : "public",
    port,
    src: "127.0.0.1",
    ...(secure && { tls: { alpn: ["http/1.1"], ...(sni !== undefined && { sni }) } }),
    http: { version: "1.1", method: "GET", target: path, headers: [["host", host]] },
  });
  switch (action.type) {
    case "close":
      return { status: undefined };
    case "answer":
      return { status: action.status, ...(backend !== undefined && { backend }), ...(action.location !== undefined && { location: action.location }) };
    case "splice":
      return action.candidates.length === 0 ? { status: undefined } : { status: 200, pods: action.candidates.map((server) => String(server.port)) };
    case "forward":
      return action.candidates.length === 0
        ? { status: 503, ...(backend !== undefined && { backend }) }
        : { status: 200, ...(backend !== undefined && { backend }), pods: action.candidates.map((server) => String(server.port)), podPath: action.request.target };
  }
}

describe.skipIf(!installed && !ci)("our maps and backends in a real HAProxy", () => {
  it(`routes random requests as the machine says (seed ${seed})`, async () => {
    const place = await workplace();
    try {
      const arbitrary = fc.tuple(fc.array(arbitraryRoute, { minLength: 1, maxLength: 12 }), fc.array(arbitraryQuestion, { minLength: 40, maxLength: 40 }));
      for (const [index, [routes, drawn]] of fc.sample(arbitrary, { seed, numRuns: 12 }).entries()) {
        const program = compileRouter(snapshotOfObjects(objectsOf(routes, place)));
        expect(program.refused).toBe(undefined);
        await withHaproxy(program, place, async () => {
          for (const { secure, host, sni, path } of drawn) {
            const name = sni === "none" ? undefined : sni === "same" ? host.toLowerCase().replace(/:.*$/, "") : sni;
            const question: Question = { secure, port: secure ? place.ports.https : place.ports.http, host, path, ...(secure && name !== undefined && { sni: name }) };
            const want = expected(program, question);
            const got = await ask(question);
            const label = `seed ${seed}, set ${index}: ${JSON.stringify({ question, routes })}`;
            expect(got.status, label).toBe(want.status);
            if (want.backend !== undefined) expect(got.backend, label).toBe(want.backend);
            if (want.location !== undefined) expect(got.location, label).toBe(want.location);
            if (want.pods !== undefined) expect(want.pods, label).toContain(got.pod);
            if (want.podPath !== undefined) expect(got.podPath, label).toBe(want.podPath);
          }
        });
      }
    } finally {
      place.close();
    }
  }, 120_000);

  it("gives up on servers that refuse after as long as the machine says", async () => {
    const place = await workplace();
    try {
      const closed = await freePort();
      const balances = ["random", "roundrobin", "leastconn", "source"];
      const objects = [
        controller(),
        service("one"),
        service("two"),
        slice("one", ["127.0.0.1"], closed),
        slice("two", ["127.0.0.1", "127.0.0.2"], closed),
        ...["one", "two"].flatMap((name) =>
          balances.map((balance) => route(`${name}-${balance}`, { to: { kind: "Service", name, weight: 100 } }, { annotations: { "haproxy.router.openshift.io/balance": balance } })),
        ),
      ];
      const program = compileRouter(snapshotOfObjects(objects));
      await withHaproxy(program, place, async () => {
        // The cookie names the second server of the pair.
        const pinned = program.backends.find((backend) => backend.name === "be_http:demo:two-random");
        const cookie = `${pinned?.cookie?.split(" ")[0]}=${pinned?.servers[1]?.cookie}`;
        const cases = [...["one", "two"].flatMap((name) => balances.map((balance) => ({ host: `${name}-${balance}.test`, cookie: undefined }))), { host: "two-random.test", cookie }];
        const measured = await Promise.all(
          cases.map(async (item) => {
            const began = performance.now();
            const reply = await ask({ secure: false, port: place.ports.http, path: "/", ...item });
            return { ...item, status: reply.status, seconds: Math.round((performance.now() - began) / 1000) };
          }),
        );
        expect(measured).toEqual(cases.map((item) => ({ ...item, status: 503, seconds: secondsOf(program, item) })));
      });
    } finally {
      place.close();
    }
  }, 60_000);
});

/** How long the endpoint waits for servers that all refuse. */
function secondsOf(program: HaproxyProgram, item: { readonly host: string; readonly cookie: string | undefined }): number {
  let now = 0;
  const refused: Reply = { type: "reset", reason: "connect-refused", detail: "nothing listens", after: 0 };
  const nothing = (): void => undefined;
  const context: EndpointContext = {
    now: 0,
    exchange: () => refused,
    wait: (nanoseconds) => {
      now += nanoseconds;
    },
    record: nothing,
    observe: nothing,
    finding: nothing,
    caveat: nothing,
    choose: () => 0,
  };
  const local = { address: "127.0.0.1", port: 80 };
  const request = { version: "1.1" as const, method: "GET", scheme: "http" as const, authority: item.host, path: "/", headers: { ...(item.cookie !== undefined && { cookie: item.cookie }) } };
  const router = routerEndpoint({ id: "router", identity: { namespace: "net", object: "Pod router" }, program });
  router.serve({ type: "http", request }, { protocol: "tcp", source: local, local, originalDestination: local }, context);
  return Math.round(now / 1e9);
}
