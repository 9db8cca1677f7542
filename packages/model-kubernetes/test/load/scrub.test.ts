import { describe, expect, it } from "vitest";
import { loadSnapshot } from "../../src/index.ts";

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBvjCCAWSgAwIBAgIUYLzCnQu1fG2kQ6jGHEXIPtm+tGYwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQc2hvcC5leGFtcGxlLmNvbTAeFw0yNjExMjQxMTAxMzBaFw0z
NjExMjExMTAxMzBaMBsxGTAXBgNVBAMMEHNob3AuZXhhbXBsZS5jb20wWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARrSoqY9g39fOJsHPIVXHjsC8ol5OQfZj0seQCa
r58fhN771/RI7ybZGfvmo4kfhyrNs175j859DafiPd06eEieo4GFMIGCMB0GA1Ud
DgQWBBQ3US4vdHuer/U0lArFBRIBUsMS1jAfBgNVHSMEGDAWgBQ3US4vdHuer/U0
lArFBRIBUsMS1jAPBgNVHRMBAf8EBTADAQH/MC8GA1UdEQQoMCaCEHNob3AuZXhh
bXBsZS5jb22CEiouc2hvcC5leGFtcGxlLmNvbTAKBggqhkjOPQQDAgNIADBFAiBW
NXAAMc9HakSwtz3PYQBxXMZldHeyoIy7fE1cn22kcgIhAJsfCJDTo+ty/evP09PD
Yc51Ca1qTRcv7BV31d68V/Zp
-----END CERTIFICATE-----`;

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const KEY = "-----BEGIN PRIVATE KEY-----\nsecret-key-bytes\n-----END PRIVATE KEY-----";
const TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";

const objects = [
  { apiVersion: "v1", kind: "Secret", metadata: { name: "tls", namespace: "n", labels: { hidden: "label-value" }, annotations: { a: "annotation-value" } }, type: "kubernetes.io/tls", data: { "tls.crt": base64(CERTIFICATE), "tls.key": base64(KEY) } },
  { apiVersion: "v1", kind: "Secret", metadata: { name: "token", namespace: "n" }, stringData: { token: "very-secret" } },
  {
    apiVersion: "apps/v1", kind: "Deployment",
    metadata: { name: "web", namespace: "n", annotations: { "kubectl.kubernetes.io/last-applied-configuration": "very-secret", "openshift.io/token-secret.value": "very-secret", kept: "yes", jwt: TOKEN } },
    spec: { template: { spec: { containers: [{ name: "web", image: "x", env: [{ name: "PASSWORD", value: "very-secret" }, { name: "REF", valueFrom: { secretKeyRef: { name: "tls", key: "x" } } }] }], initContainers: [{ name: "i", env: [{ name: "A", value: "very-secret" }, { name: "ISTIO_META_DNS_CAPTURE", value: "true" }, { name: "DISABLE_ENVOY", value: "very-secret" }] }] } } },
  },
  { apiVersion: "route.openshift.io/v1", kind: "Route", metadata: { name: "r", namespace: "n" }, spec: { host: "h", to: { kind: "Service", name: "web" }, tls: { termination: "edge", certificate: CERTIFICATE, key: KEY } } },
  { apiVersion: "maistra.io/v2", kind: "ServiceMeshControlPlane", metadata: { name: "m", namespace: "n" }, spec: { runtime: { components: { pilot: { container: { env: { SECRET: "very-secret" } } } } } } },
];

describe("what of a cluster is kept", () => {
  const { resources, diagnostics } = loadSnapshot([{ name: "all.json", text: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }) }]);
  const text = JSON.stringify(resources);

  it("keeps no contents of Secrets, environment values, private keys or tokens", () => {
    expect(diagnostics).toEqual([]);
    for (const secret of ["very-secret", base64("very-secret"), "secret-key-bytes", base64(KEY), TOKEN, "label-value", "annotation-value"]) expect(text).not.toContain(secret);
  });

  it("keeps names, type, key names and public facts of certificates", () => {
    expect(resources[0]).toMatchObject({
      metadata: { name: "tls", namespace: "n" },
      type: "kubernetes.io/tls",
      keys: ["tls.crt", "tls.key"],
      certificates: { "tls.crt": [{ subject: "CN=shop.example.com", subjectAltNames: ["DNS:shop.example.com", "DNS:*.shop.example.com"] }] },
    });
    expect(resources[1]).toMatchObject({ type: "Opaque", keys: ["token"] });
  });

  it("keeps the rest", () => {
    expect(resources[2]).toMatchObject({ metadata: { annotations: { kept: "yes" } }, spec: { template: { spec: { containers: [{ env: [{ name: "PASSWORD" }, { name: "REF", valueFrom: {} }] }] } } } });
    expect(text).toContain('{"name":"ISTIO_META_DNS_CAPTURE","value":"true"},{"name":"DISABLE_ENVOY"}');
    expect(resources[3]).toMatchObject({ spec: { tls: { termination: "edge", certificate: CERTIFICATE, key: "<removed>" } } });
  });
});
