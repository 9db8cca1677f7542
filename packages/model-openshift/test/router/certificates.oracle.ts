import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRoute } from "../../src/router/objects.ts";
import { tlsErrors } from "../../src/router/validation.ts";
import { route } from "./objects.ts";

const installed = spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
if (!installed) console.log("skipped: openssl is not installed");

describe.skipIf(!installed && process.env["CI"] === undefined)("certificates made by openssl, as the router judges them", () => {
  const folder = mkdtempSync(join(tmpdir(), "hopscope-"));
  const made: Record<string, string> = {};
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { stdio: "ignore", cwd: folder });
  const authority = (name: string): void => {
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout", `${name}.key`, "-out", `${name}.pem`);
  };
  const leaf = (name: string, by: string, usage = "serverAuth"): void => {
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=shop.test", "-keyout", `${name}.key`, "-out", `${name}.csr`);
    writeFileSync(join(folder, `${name}.ext`), `extendedKeyUsage=${usage}\n`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", `${by}.pem`, "-CAkey", `${by}.key`, "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`, "-out", `${name}.pem`);
  };
  beforeAll(() => {
    authority("own");
    authority("other");
    leaf("shop", "own");
    leaf("client", "own", "clientAuth");
    for (const name of ["own", "other", "shop", "client"]) {
      made[`${name}.pem`] = readFileSync(join(folder, `${name}.pem`), "utf8");
      made[`${name}.key`] = readFileSync(join(folder, `${name}.key`), "utf8");
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const judge = (tls: Readonly<Record<string, string>>): readonly string[] => {
    const values = Object.fromEntries(Object.entries(tls).map(([field, value]) => [field, value.split("+").map((name) => made[name] ?? name).join("\n")]));
    return tlsErrors(readRoute(route("shop", { tls: { termination: "edge", ...values } }), "apps.test"));
  };

  it.each([
    ["a certificate with its key", { certificate: "shop.pem", key: "shop.key" }],
    ["one that its authority has signed", { certificate: "shop.pem", key: "shop.key", caCertificate: "own.pem" }],
    ["certificate and key in one field", { certificate: "shop.pem+shop.key" }],
    ["a key without a certificate", { key: "shop.key" }],
    ["a key that the loader has taken out", { certificate: "shop.pem", key: "<removed>" }],
    ["text around the PEM blocks", { certificate: "TEST+shop.pem", key: "NOTE+shop.key" }],
  ])("admits %s", (_, tls) => {
    expect(judge(tls)).toEqual([]);
  });

  it.each([
    ["another's key", { certificate: "shop.pem", key: "client.key" }, "tls: private key does not match public key"],
    ["no key", { certificate: "shop.pem" }, "no key specified"],
    ["an authority of the same name that did not sign it", { certificate: "shop.pem", key: "shop.key", caCertificate: "other.pem" }, "certificate signed by unknown authority"],
    ["an authority of another name", { certificate: "shop.pem", key: "shop.key", caCertificate: "client.pem" }, "certificate signed by unknown authority"],
    ["a client's certificate under an authority", { certificate: "client.pem", key: "client.key", caCertificate: "own.pem" }, "incompatible key usage"],
    ["no PEM at all", { certificate: "nonsense", key: "shop.key" }, "data does not contain any valid RSA or ECDSA certificates"],
    ["an authority that is none", { certificate: "shop.pem", key: "shop.key", caCertificate: "nonsense" }, "failed to parse CA certificate"],
  ])("refuses %s", (_, tls, text) => {
    expect(judge(tls).join("\n")).toContain(text);
  });
});
