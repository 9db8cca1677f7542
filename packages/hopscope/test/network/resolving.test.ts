import { describe, expect, it } from "vitest";
import { deployment, dns, service, trace } from "./_cluster.ts";

const outside = `apiVersion: hopscope/v1
kind: Cluster
metadata: {name: lab}
spec:
  outside:
    hosts: [{name: api, addresses: [203.0.113.7], listens: [{port: 80, application: http}]}]
    dns: [{name: api.example.org, addresses: [203.0.113.7]}]
`;
const web = deployment("shop", "web", { port: 8080, replicas: 2 });
const headless = service("shop", "db", "{clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}");
const questions = (legs: ReturnType<typeof trace>["legs"]): readonly string[] => legs.filter(({ protocol }) => protocol === "udp").map(({ hops }) => hops.flatMap(({ decisions }) => decisions).find(({ table }) => table === "dns")?.rule ?? "");

describe("a name", () => {
  it("of a headless Service leads to one of its endpoints, each as likely", () => {
    const journey = trace([dns, web, headless, deployment("shop", "client")], "deploy/shop/client", "http://db:8080/", { choose: { type: "all" } });
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(journey.choices.find(({ point }) => point === "address of db")?.probability).toBe(0.5);
    expect(new Set([journey, ...journey.alternatives].map(({ legs }) => legs.at(-1)?.to.address)).size).toBe(2);
  });

  it("of a headless Service without ready endpoints is not there", () => {
    const journey = trace([dns, service("shop", "db", "{clusterIP: None, selector: {app: none}, ports: [{port: 8080}]}"), deployment("shop", "client")], "deploy/shop/client", "http://db:8080/");
    expect(journey.verdict.type).toBe("refused");
    expect(journey.findings.map(({ code }) => code)).toEqual(["dns/name-not-resolved"]);
  });

  it("stands in a pod's host aliases before any server is asked", () => {
    const journey = trace([outside, dns, deployment("shop", "client", { more: "hostAliases: [{ip: 203.0.113.7, hostnames: [alias.example.org]}]" })], "deploy/shop/client", "http://alias.example.org/");
    expect(journey.verdict.type).toBe("delivered");
    expect(questions(journey.legs)).toEqual([]);
  });

  it("is asked of the servers that dnsConfig names", () => {
    const journey = trace([outside, dns, deployment("shop", "client", { more: "dnsPolicy: None, dnsConfig: {nameservers: [9.9.9.9]}" })], "deploy/shop/client", "http://api.example.org/");
    expect(journey.verdict.type).toBe("delivered");
    expect(journey.legs[0]).toMatchObject({ protocol: "udp", to: { address: "9.9.9.9", port: 53 }, outcome: "accepted" });
  });

  it("is the node's resolver's matter with dnsPolicy Default, which knows no Services", () => {
    const client = deployment("shop", "client", { more: "dnsPolicy: Default" });
    expect(trace([outside, dns, client], "deploy/shop/client", "http://api.example.org/").verdict.type).toBe("delivered");
    expect(trace([dns, client, web, service("shop", "web", "{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")], "deploy/shop/client", "http://web.shop.svc.cluster.local/").findings.map(({ code }) => code)).toEqual(["dns/name-not-resolved"]);
  });

  it("of a node leads to its address", () => {
    const journey = trace([dns, deployment("shop", "client")], "deploy/shop/client", "http://node-2:9100/");
    expect(journey.legs.at(-1)?.to).toMatchObject({ address: "192.168.126.12" });
    expect(journey.caveats.map(({ code }) => code)).toContain("assumed/dns-record");
  });

  it("is asked for by AAAA from a sender that has IPv6 addresses only", () => {
    const six = "apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: six}\nspec:\n  network: {pods: [\"fd01::/48\"], services: [\"fd02::/112\"]}\n";
    const journey = trace([six, dns.replace("172.30.0.10", '"fd02::a"'), web, service("shop", "web", "{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"), deployment("shop", "client")], "deploy/shop/client", "http://web/");
    expect(journey.verdict).toMatchObject({ type: "delivered", status: 200 });
    expect(questions(journey.legs)).toEqual(["web.shop.svc.cluster.local AAAA"]);
  });
});

describe("a sidecar that captures DNS", () => {
  const annotations = 'sidecar.istio.io/status: "{}", proxy.istio.io/config: "proxyMetadata: {ISTIO_META_DNS_CAPTURE: \\"true\\", ISTIO_META_DNS_AUTO_ALLOCATE: \\"true\\"}"';
  const client = deployment("shop", "client", { annotations }).replace("containers: [", "containers: [{name: istio-proxy, image: proxyv2, args: [proxy, sidecar]}, ");
  const entry = "apiVersion: networking.istio.io/v1beta1\nkind: ServiceEntry\nmetadata: {name: db, namespace: shop}\nspec: {hosts: [db.example.com], ports: [{number: 5432, name: tcp, protocol: TCP}], resolution: STATIC, endpoints: [{address: 203.0.113.9}]}\n";

  it("answers a ServiceEntry's name, which no server knows, with a made-up address that leads to its endpoints", () => {
    const journey = trace([dns, client, entry], "deploy/shop/client", "tcp://db.example.com:5432");
    expect(journey.verdict.type).toBe("delivered");
    expect(journey.legs[0]?.connection).toMatchObject({ protocol: "udp", local: { address: "127.0.0.1", port: 15053 } });
    expect(journey.legs.find(({ protocol, parent }) => protocol === "tcp" && parent === undefined)?.to.address).toMatch(/^240\.240\./);
    expect(journey.legs.at(-1)?.to).toMatchObject({ address: "203.0.113.9", port: 5432 });
  });

  it("passes other questions to the pod's servers", () => {
    const journey = trace([outside, dns, client, entry], "deploy/shop/client", "http://api.example.org/");
    expect(journey.verdict.type).toBe("delivered");
    expect(journey.legs.filter(({ protocol }) => protocol === "udp").some(({ parent, to }) => parent !== undefined && to.address === "172.30.0.10")).toBe(true);
  });
});
