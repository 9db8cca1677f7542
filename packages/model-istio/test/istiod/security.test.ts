import type { Resource } from "@hopscope/model-kubernetes";
import { describe, expect, it } from "vitest";
import { compile, object, pod, send, service } from "./_mesh.ts";

const web = [service("web", "172.30.0.5", [{ name: "http", port: 80, targetPort: 8080 }, { name: "tcp-db", port: 5432 }]), ...pod("web", "10.0.0.5", 8080)];
const friend = "spiffe://cluster.local/ns/shop/sa/friend";
const stranger = "spiffe://cluster.local/ns/other/sa/stranger";
const policy = (name: string, spec: object, annotations = {}): Resource => object("AuthorizationPolicy", name, spec, { annotations });
const from = (...principals: string[]): object => ({ from: [{ source: { principals } }] });

describe("an AuthorizationPolicy", () => {
  const ask = (policies: readonly Resource[], request: Partial<Parameters<typeof send>[1]> = {}, options = {}) =>
    send(compile([...web, ...policies], {}, options), { to: "10.0.0.5", port: 8080, inbound: true, host: "web", peer: friend, ...request });

  it("that allows a principal denies all others with 403", () => {
    const policies = [policy("friends", { rules: [from("cluster.local/ns/shop/sa/friend")] })];
    expect(ask(policies).verdict).toMatchObject({ status: 200 });
    expect(ask(policies, { peer: stranger }).verdict).toMatchObject({ status: 403, details: "rbac_access_denied_matched_policy[none]" });
    expect(ask(policies, { peer: undefined }).verdict).toMatchObject({ status: 403 });
  });

  it("that denies wins over one that allows", () => {
    const policies = [policy("all", { rules: [{}] }), policy("no-admin", { action: "DENY", rules: [{ to: [{ operation: { paths: ["/admin*"], methods: ["GET"] } }] }] })];
    expect(ask(policies).verdict).toMatchObject({ status: 200 });
    expect(ask(policies, { path: "/admin/x" }).verdict).toMatchObject({ status: 403, details: "rbac_access_denied_matched_policy[ns[shop]-policy[no-admin]-rule[0]]" });
    expect(ask(policies, { path: "/admin/x", method: "POST" }).verdict).toMatchObject({ status: 200 });
  });

  it("without rules denies everything", () => expect(ask([policy("nothing", {})]).verdict).toMatchObject({ status: 403 }));

  it("of another workload, or of another namespace, does not matter", () => {
    expect(ask([policy("other", { selector: { matchLabels: { app: "other" } } })]).verdict).toMatchObject({ status: 200 });
    expect(ask([{ ...policy("x", {}), metadata: { name: "x", namespace: "other" } }]).verdict).toMatchObject({ status: 200 });
  });

  it("of the root namespace holds everywhere", () => expect(ask([{ ...policy("x", {}), metadata: { name: "x", namespace: "istio-system" } }]).verdict).toMatchObject({ status: 403 }));

  it("on trial only tells what it would do", () => {
    const asked = ask([policy("trial", { action: "DENY", rules: [{}] }, { "istio.io/dry-run": "true" })]);
    expect(asked.verdict).toMatchObject({ status: 200 });
    expect(asked.notes).toContain("rbac: ns[shop]-policy[trial]-rule[0] denied, not enforced");
  });

  it("with a condition looks at headers and ports", () => {
    const policies = [policy("canary", { rules: [{ when: [{ key: "request.headers[x-canary]", values: ["yes"] }, { key: "destination.port", values: ["8080"] }] }] })];
    expect(ask(policies, { headers: [["x-canary", "yes"]] }).verdict).toMatchObject({ status: 200 });
    expect(ask(policies, { headers: [["x-canary", "no"]] }).verdict).toMatchObject({ status: 403 });
  });

  it("closes a TCP connection, and on TCP denies more than is asked where it looks at HTTP", () => {
    const db = { port: 5432, tcp: true };
    expect(ask([policy("friends", { rules: [from("cluster.local/ns/shop/sa/friend")] })], { ...db, peer: stranger }).verdict).toMatchObject({ closed: "denied by RBAC" });
    expect(ask([policy("friends", { rules: [from("cluster.local/ns/shop/sa/friend")] })], db).verdict).not.toMatchObject({ closed: "denied by RBAC" });
    expect(ask([policy("get", { rules: [{ to: [{ operation: { methods: ["GET"] } }] }] })], db).verdict).toMatchObject({ closed: "denied by RBAC" });
    expect(ask([policy("get", { action: "DENY", rules: [{ to: [{ operation: { methods: ["GET"], ports: ["5432"] } }] }] })], db).verdict).toMatchObject({ closed: "denied by RBAC" });
  });

  it("that asks an external authorizer is taken as a yes where its rules match, and says so", () => {
    const meshConfig = { extensionProviders: [{ name: "ask", envoyExtAuthzHttp: { service: "web.shop.svc.cluster.local", port: 80 } }] };
    const policies = [policy("ask", { action: "CUSTOM", provider: { name: "ask" }, rules: [{ to: [{ operation: { paths: ["/private"] } }] }] })];
    expect(ask(policies, { path: "/private" }, { meshConfig })).toMatchObject({ caveats: ["envoy/http-filter"], verdict: { status: 200 } });
    expect(ask(policies, { path: "/public" }, { meshConfig })).toMatchObject({ caveats: [], verdict: { status: 200 } });
  });
});

describe("a RequestAuthentication", () => {
  const jwt = object("RequestAuthentication", "jwt", { jwtRules: [{ issuer: "me", jwks: "{\"keys\":[]}" }] });
  const must = policy("must", { action: "DENY", rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }] });
  const token = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
  const ask = (resources: readonly Resource[], bearer?: string) =>
    send(compile([...web, ...resources]), { to: "10.0.0.5", port: 8080, inbound: true, host: "web", peer: friend, headers: bearer === undefined ? [] : [["authorization", `Bearer ${bearer}`]] }).verdict;

  it("lets requests without a token pass, and refuses a wrong one", () => {
    expect(ask([jwt])).toMatchObject({ status: 200 });
    expect(ask([jwt], token({ iss: "you", sub: "a" }))).toMatchObject({ status: 401 });
    expect(ask([jwt], token({ iss: "me", sub: "a" }))).toMatchObject({ status: 200 });
  });

  it("gives an AuthorizationPolicy the principal it asks for", () => {
    expect(ask([jwt, must])).toMatchObject({ status: 403 });
    expect(ask([jwt, must], token({ iss: "me", sub: "a" }))).toMatchObject({ status: 200 });
  });
});

describe("a PeerAuthentication", () => {
  const peer = (mode: string, namespace = "shop", extra: object = {}): Resource => object("PeerAuthentication", `${namespace}-${mode}`, { mtls: { mode }, ...extra }, { namespace });
  const chain = (resources: readonly Resource[], port: number, request: object) => send(compile([...web, ...resources]), { to: "10.0.0.5", port, inbound: true, host: "web", ...request }).verdict;
  const plain = {};
  const mutual = { peer: friend };

  it("is PERMISSIVE unless one says otherwise", () => {
    expect(chain([], 8080, plain)).toMatchObject({ status: 200 });
    expect(chain([], 8080, mutual)).toMatchObject({ status: 200 });
  });

  it("of the mesh is overruled by the namespace's, and that by the workload's", () => {
    const strict = peer("STRICT", "istio-system");
    const own = peer("PERMISSIVE");
    const selected = { selector: { matchLabels: { app: "web" } } };
    expect(chain([strict], 8080, plain)).toMatchObject({ details: "filter_chain_not_found" });
    expect(chain([strict, own], 8080, plain)).toMatchObject({ status: 200 });
    expect(chain([strict, own, object("PeerAuthentication", "web", { mtls: { mode: "STRICT" }, ...selected })], 8080, plain)).toMatchObject({ details: "filter_chain_not_found" });
    expect(chain([strict, own, object("PeerAuthentication", "web", { mtls: { mode: "UNSET" }, ...selected })], 8080, plain)).toMatchObject({ status: 200 });
  });

  it("sets single ports apart", () => {
    const resources = [object("PeerAuthentication", "web", { selector: { matchLabels: { app: "web" } }, mtls: { mode: "STRICT" }, portLevelMtls: { 8080: { mode: "DISABLE" } } })];
    expect(chain(resources, 8080, plain)).toMatchObject({ status: 200 });
    expect(chain(resources, 5432, { ...plain, tcp: true })).toMatchObject({ details: "filter_chain_not_found" });
  });
});
