import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { run, shop, withFiles } from "./_run.ts";

const LOCATED = /\.(ya?ml|json):\d+:\d+: /;
const trace = (path: string, ...rest: readonly string[]) => run("trace", path, "--from", "deploy/shop/client", "--to", "http://web.shop/", ...rest);
const cluster = (spec: string): string => `apiVersion: hopscope/v1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  ${spec}\n`;

describe("input that stops the command", () => {
  it.each([
    ["broken YAML", "a.yaml", "kind: Service\nmetadata: {name: [\n", LOCATED],
    ["broken JSON", "a.json", '{"kind": "Service",,}', LOCATED],
    ["a document nested 10,000 deep", "a.yaml", `a: ${"[".repeat(10_000)}${"]".repeat(10_000)}`, LOCATED],
    ["JSON nested 10,000 deep", "a.json", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, LOCATED],
    ["block YAML nested 10,000 deep", "a.yaml", Array.from({ length: 3_000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"), LOCATED],
    ["a number as a name", "a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: 7}\n", LOCATED],
    ["a port as text", "a.yaml", 'apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec:\n  ports: [{port: "80"}]\n', /a\.yaml:5:12: Service b\/a spec\.ports\[0\]\.port: /],
    ["a label as a number", "a.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b, labels: {v: 1}}\n", LOCATED],
    ["a name with ../", "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../etc/passwd, namespace: b}\n", LOCATED],
    ["a duplicate key", "a.yaml", "apiVersion: v1\nkind: Service\nkind: Pod\nmetadata: {name: a}\n", LOCATED],
    ["a wrong type in the Cluster document", "a.yaml", cluster("network: {pods: 7}"), LOCATED],
    ["an unknown field, with the nearest name", "a.yaml", cluster("network: {gatewayMod: shared}"), /a\.yaml:\d+:\d+: .*gatewayMode/],
    ["an alias bomb", "a.yaml", `a: &a [x, x, x, x, x, x, x, x, x, x]\n${[..."bcdefghij"].map((key, index) => `${key}: &${key} [${Array(10).fill(`*${"abcdefghij"[index]}`).join(", ")}]`).join("\n")}\n`, /a\.yaml:\d+:\d+: /],
    ["a __proto__ key", "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {__proto__: x}\n", LOCATED],
    ["a binary file", "a.yaml", "\u0000\u0001\u0002", /a\.yaml:1:1: is a binary file/],
  ])("%s is located", async (_, name, text, message) => {
    await withFiles({ [name]: text }, async (path) => {
      const { code, err } = await trace(path(name));
      expect(code).toBe(2);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/^\s+at /m);
    });
  });

  it.each([
    ["bytes that are no UTF-8", Buffer.from([...Buffer.from("apiVersion: v1\nkind: P"), 0xe9, 0x0a]), /a\.yaml:2:8: holds bytes that are no UTF-8; expected YAML or JSON text in UTF-8/],
    ["a gzip archive", Buffer.from([0x1f, 0x8b, 8, 0]), /a\.yaml: is a gzip archive: unpack it first/],
    ["a tar archive", Buffer.concat([Buffer.alloc(257), Buffer.from("ustar"), Buffer.alloc(250)]), /a\.yaml: is a tar archive: unpack it first/],
  ])("%s is told", async (_, bytes, message) => {
    await withFiles({ "a.yaml": bytes }, async (path) => expect(await trace(path("a.yaml"))).toMatchObject({ code: 2, err: expect.stringMatching(message) }));
  });

  it("tells of a device and follows no circle of links", async () => {
    await withFiles({ "shop.yaml": shop, "sub/x.txt": "" }, async (path) => {
      expect(await trace("/dev/zero")).toMatchObject({ code: 2, err: expect.stringContaining("is a device") });
      symlinkSync("..", path("sub/up"));
      symlinkSync("nowhere", path("sub/lost.yaml"));
      expect((await trace(path(""))).code).toBe(0);
    });
  });

  it("tells of a missing file and an empty folder", async () => {
    await withFiles({ "empty/readme.txt": "" }, async (path) => {
      expect(await trace(path("absent.yaml"))).toMatchObject({ code: 2, err: expect.stringContaining("no such file or folder") });
      expect(await trace(path("empty"))).toMatchObject({ code: 2, err: expect.stringContaining("holds no .yaml") });
    });
  });

  it.each([
    [["--choose", "seed=x"], /"x" is not a whole number/],
    [["--profile", "no-such"], /latency profile "no-such": is not known/],
    [["--profile", "__proto__"], /is not known/],
    [["--to", "ftp://web.shop/"], /scheme "ftp" is not simulated/],
    [["--to", "web.shop"], /names neither a URL nor an endpoint/],
    [["--to", "http://"], /is not a URL/],
    [["--to", "http://web:99999/"], /is not a URL/],
    [["--to", "tcp://web"], /has no port/],
    [["--to", "http://web:0/"], /port 0 is no port/],
    [["--to", "pod/shop/web:0"], /names neither/],
    [["--to", "pod/shop/none:80"], /no running Pod/],
    [["--from", "deploy/shop/none"], /no Deployment "shop\/none"; expected one of shop\/web, shop\/client/],
    [["--from", "external/300.1.1.1"], /not an IP address/],
    [["--from", "node/none"], /there is no Node "none"/],
    [["--from", "svc/shop/none"], /there is no Service/],
    [["-o", "pdf"], /Allowed choices/],
  ])("%j is refused", async (options, message) => {
    await withFiles({ "shop.yaml": shop }, async (path) => expect(await trace(path("shop.yaml"), ...options)).toMatchObject({ code: 2, err: expect.stringMatching(message) }));
  });

  it.each([
    [["envoy"], /proxy: the snapshot has none/],
    [["iptables"], /namespace: no name is given; expected one of pod\/shop\/web-/],
    [["iptables", "shop/none"], /namespace "shop\/none": is not known/],
    [["lflows", "none"], /node "none": is not in the snapshot; expected one of node-1/],
  ])("inspect %j tells what there is", async (words, message) => {
    await withFiles({ "shop.yaml": shop }, async (path) => expect(await run("inspect", path("shop.yaml"), ...words)).toMatchObject({ code: 2, err: expect.stringMatching(message) }));
  });

  it.each(["constructor", "__proto__", "no/such"])("explain %s names the codes that are known", async (code) => {
    expect(await run("explain", code)).toMatchObject({ code: 2, err: expect.stringContaining("is not known") });
  });

  it("ends the process with 2, and lets no escape sequence reach the terminal", async () => {
    await withFiles({ "a.yaml": "apiVersion: v1\nkind: \"\\e[31mred\nmetadata: {name: a}\n" }, async (path) => {
      const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
      const ran = spawnSync(process.execPath, ["-C", "@hopscope/source", "--import", "tsx", main, "trace", path("a.yaml"), "--from", "pod/a/\u001b[31mb", "--to", "http://a/"], { encoding: "utf8" });
      expect(ran.status).toBe(2);
      expect(ran.stderr).not.toMatch(/\u001b|^\s+at /m);
      expect(ran.stdout).toBe("");
    });
  });
});

describe("input that is odd but usable", () => {
  it.each([
    ["with a byte order mark", Buffer.from(`\uFEFF${shop}`)],
    ["in UTF-16, as PowerShell writes it", Buffer.from(`\uFEFF${shop}`, "utf16le")],
    ["with Windows line ends", Buffer.from(shop.replaceAll("\n", "\r\n"))],
  ])("a file %s is read", async (_, bytes) => {
    await withFiles({ "shop.yaml": bytes }, async (path) => expect((await trace(path("shop.yaml"))).code).toBe(0));
  });

  it.each([
    ["an empty file", ""],
    ["comments alone", "# nothing\n---\n# here\n"],
    ["an object in two files that differ", shop.replace("port: 80,", "port: 80, appProtocol: http,")],
    ["owners in a circle", ["a", "b"].map((name, index) => `apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: ${name}, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: ${"ba"[index]}, uid: x}]}\nspec: {selector: {matchLabels: {app: x}}, template: {metadata: {labels: {app: x}}, spec: {containers: []}}}\n`).join("---\n")],
  ])("%s does not stop the trace", async (_, text) => {
    await withFiles({ "shop.yaml": shop, "z.yaml": text }, async (path) => {
      const { code, out } = await trace(path(""), "-o", "json");
      expect({ code, verdict: JSON.parse(out).verdict }).toMatchObject({ code: 0, verdict: { type: "delivered" } });
    });
  });

  it("says which of two definitions is used", async () => {
    await withFiles({ "a.yaml": shop, "z.yaml": shop.slice(shop.lastIndexOf("---")).replace("targetPort: 8080", "targetPort: 8081") }, async (path) => {
      const { caveats } = JSON.parse((await trace(path(""), "-o", "json")).out) as { caveats: readonly { code: string; problem: string }[] };
      expect(caveats.find(({ code }) => code === "input/object-defined-twice")?.problem).toMatch(/Service shop\/web is defined at .*a\.yaml:\d+:1 and, with other values, at .*z\.yaml:2:1, which is used/);
    });
  });

  it("prints nothing of a Secret's data, in any view", async () => {
    const secret = `---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: {password: hunter2hunter2}\ndata: {token: aHVudGVyMmh1bnRlcjI=}\n`;
    await withFiles({ "shop.yaml": `${shop}${secret}` }, async (path) => {
      for (const args of [["trace", path("shop.yaml"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o", "json"], ["inspect", path("shop.yaml"), "-o", "json"], ["inspect", path("shop.yaml"), "caveats", "-o", "json"]]) {
        expect((await run(...args)).out).not.toMatch(/hunter2|aHVudGVyMm/);
      }
    });
  });

  it.each([
    ["a kind that is not modelled", "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a, namespace: shop}\nspec: {x: 1}\n"],
    ["a line of a megabyte", `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {x: "${"y".repeat(1 << 20)}"}\n`],
    ["delegates in a circle", ["a", "b"].map((name, index) => `apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: shop}\nspec: {${name === "a" ? "hosts: [web.shop.svc.cluster.local], " : ""}http: [{delegate: {name: ${"ba"[index]}, namespace: shop}}]}\n`).join("---\n")],
  ])("%s does not stop the trace", async (_, text) => {
    await withFiles({ "shop.yaml": shop, "odd.yaml": text }, async (path) => {
      const { code, out } = await run("trace", path("shop.yaml"), path("odd.yaml"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o", "json");
      expect(code).toBe(0);
      expect(JSON.parse(out).verdict).toMatchObject({ type: "delivered", status: 200 });
    });
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("locates delegates that lead in a circle, and goes on as istiod does", async () => {
    const delegate = (name: string, to: string, hosts = ""): string => `apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: ${name}, namespace: shop}\nspec:\n${hosts}  http:\n  - delegate: {name: ${to}, namespace: shop}\n`;
    await withFiles({ "shop.yaml": shop, "mesh.yaml": `${delegate("root", "a", "  hosts: [web.shop.svc.cluster.local]\n")}---\n${delegate("a", "b")}---\n${delegate("b", "a")}` }, async (path) => {
      const { code, err, out } = await run("trace", path("shop.yaml"), path("mesh.yaml"), "--from", "deploy/shop/client", "--to", "http://web.shop/", "-o", "json");
      expect(code).toBe(0);
      expect(err).toMatch(/mesh\.yaml:14:5: VirtualService shop\/a spec\.http\[0\]\.delegate: .*leads back to itself/);
      expect(JSON.parse(out).caveats).toEqual(expect.arrayContaining([expect.objectContaining({ code: "mesh/delegate-cycle", origin: expect.objectContaining({ line: 14 }) })]));
      expect((await run("inspect", path("shop.yaml"), path("mesh.yaml"), "caveats")).out).toContain("mesh/delegate-cycle");
    });
  });

  it("does not walk for ever through delegates that fan out", async () => {
    const fan = Array.from({ length: 40 }, (_, index) => `---\napiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: d${index}, namespace: shop}\nspec: {http: [{delegate: {name: d${index + 1}}}, {delegate: {name: d${index + 1}}}]}\n`).join("");
    await withFiles({ "shop.yaml": `${shop}${fan}` }, async (path) => expect(await trace(path("shop.yaml"))).toMatchObject({ code: 0, err: expect.stringContaining("itself a delegate") }));
  });

  it("tells what a compiler left out where the journey passes", async () => {
    const firewall = (namespace: string): string => `---\napiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata: {name: default, namespace: ${namespace}}\nspec: {egress: [{type: Allow, to: {dnsName: no.such.name.example}}]}\n`;
    await withFiles({ "shop.yaml": `${shop}${firewall("shop")}${firewall("elsewhere")}` }, async (path) => {
      const { caveats } = JSON.parse((await trace(path("shop.yaml"), "-o", "json")).out) as { caveats: readonly { code: string; origin: { object: string } }[] };
      expect(caveats.filter(({ code }) => code === "ovn/egress-firewall-dns-unknown").map(({ origin }) => origin.object)).toEqual(["EgressFirewall shop/default"]);
    });
  });

  it("says which kinds are not modelled", async () => {
    await withFiles({ "shop.yaml": `${shop}---\napiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a, namespace: shop}\n` }, async (path) => {
      expect((await run("inspect", path("shop.yaml"), "caveats")).out).toContain("kubernetes/kind-not-modelled");
    });
  });

  it("finds a Service without endpoints", async () => {
    await withFiles({ "shop.yaml": shop.replace("selector: {app: web}, ports", "selector: {app: none}, ports") }, async (path) => {
      const journey = JSON.parse((await trace(path("shop.yaml"), "-o", "json")).out);
      expect(journey.verdict.type).toBe("refused");
      expect(journey.findings.map(({ code }: { code: string }) => code)).toContain("kubernetes/service-without-endpoints");
    });
  });

  it.each(["text", "wide", "json", "mermaid", "svg", "html"])("lets names steer neither terminal nor page (%s)", async (format) => {
    const named = shop.replaceAll("name: web,", 'name: "web<script>alert(1)<script>\\e[31m",').replaceAll("name: http,", 'name: "<script>\\e]0;x\\a",');
    await withFiles({ "shop.yaml": named }, async (path) => {
      const { code, out } = await run("trace", path("shop.yaml"), "--from", "deploy/shop/client", "--to", "http://web.shop/<script>", "-o", format);
      expect(code).toBe(0);
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      if (format === "svg" || format === "html" || format === "mermaid") expect(out).not.toContain("<script");
    });
  });
});
