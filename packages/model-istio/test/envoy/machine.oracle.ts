import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createConnection, createServer as createTcp } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { admit, loadEnvoyConfig, type Run, serve, type Verdict } from "../../src/envoy/index.ts";
import { type RandomRequest, randomScene } from "./random-config.ts";

const envoy = process.env["HOPSCOPE_ENVOY"] ?? "envoy";
const installed = ((): boolean => {
  try {
    execFileSync(envoy, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const required = process.env["CI"] !== undefined && process.env["CI"] !== "";
if (!installed && !required) console.log("envoy: skipped, the program is not installed (set HOPSCOPE_ENVOY)");

const seeds = (process.env["HOPSCOPE_SEEDS"] ?? "1,2,3").split(",").map(Number);
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createTcp().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
const listen = (server: Server): Promise<number> => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

function send(port: number, request: RandomRequest): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = createConnection(port, "127.0.0.1", () => {
      const lines = [`${request.method} ${request.path} HTTP/1.1`, `Host: ${request.authority}`, ...request.headers.map(([name, value]) => `${name}: ${value}`), "Content-Length: 0", "Connection: close"];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
    socket.on("data", (data) => (answer += data.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", () => resolve("error"));
  });
}

interface Fact {
  readonly status: number;
  readonly flags: string;
  readonly details: string;
  readonly route: string;
  readonly cluster: string;
  readonly location: string;
  readonly upstream: Readonly<Record<string, string>> | undefined;
}

const IGNORED = new Set(["x-request-id", "content-length", "connection", "date"]);
const record = (lines: readonly (readonly [string, string])[]): Record<string, string> => {
  const result: Record<string, string> = {};
  for (const [name, value] of lines) if (!IGNORED.has(name)) result[name] = result[name] === undefined ? value : `${result[name]},${value}`;
  return result;
};

const factOf = (verdict: Verdict): Fact => ({
  status: verdict.status,
  flags: [...verdict.flags].sort().join(","),
  details: (verdict.details ?? "").split("{")[0] ?? "",
  route: verdict.route ?? "",
  cluster: verdict.cluster ?? "",
  location: verdict.headers.find(([name]) => name === "location")?.[1] ?? "",
  upstream: verdict.details === "via_upstream" ? record((verdict.upstream ?? []).filter(([name]) => name !== ":scheme")) : undefined,
});

function predict(config: unknown, port: number, request: RandomRequest): Fact {
  const run: Run = {
    config: loadEnvoyConfig(config),
    choose: () => 0,
    attempt: ({ host }) => (host.socket.port === 1 ? { type: "connect-failure", reason: "refused", detail: "" } : { type: "response", status: 200, headers: [] }),
    wait: () => undefined,
    note: () => undefined,
    caveat: () => undefined,
    finding: () => undefined,
    localAddress: Object.values(networkInterfaces()).flatMap((list) => list ?? []).find((item) => !item.internal && item.family === "IPv4")?.address,
  };
  const local = { address: "127.0.0.1", port };
  const downstream = { source: { address: "127.0.0.1", port: 40000 }, local, original: local, http: { ...request, version: "1.1" as const, headers: [...request.headers, ["content-length", "0"] as const] } };
  const admission = admit(run, downstream);
  if (admission === undefined) throw new Error("no listener");
  return factOf(serve(run, admission, downstream));
}

const LOG = { "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", log_format: { json_format: { status: "%RESPONSE_CODE%", flags: "%RESPONSE_FLAGS%", details: "%RESPONSE_CODE_DETAILS%", route: "%ROUTE_NAME%", cluster: "%UPSTREAM_CLUSTER_RAW%" } } };

async function measure(seed: number): Promise<readonly string[]> {
  const seen: Record<string, string>[] = [];
  const upstream = createServer((request, response) => {
    const lines: [string, string][] = [[":method", request.method ?? ""], [":path", request.url ?? ""]];
    for (let i = 0; i < request.rawHeaders.length; i += 2) lines.push([(request.rawHeaders[i] ?? "").toLowerCase().replace(/^host$/, ":authority"), request.rawHeaders[i + 1] ?? ""]);
    seen.push(record(lines));
    response.end("ok");
  });
  const ports = { listener: await freePort(), upstream: await listen(upstream) };
  const { config, requests } = randomScene(seed, ports);
  const folder = mkdtempSync(join(tmpdir(), "hopscope-envoy-"));
  const logged = structuredClone(config) as { static_resources: { listeners: { filter_chains: { filters: { typed_config: Record<string, unknown> }[] }[] }[] } };
  const manager = logged.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  if (manager !== undefined) manager["access_log"] = [{ name: "log", typed_config: { ...LOG, path: join(folder, "log") } }];
  writeFileSync(join(folder, "envoy.json"), JSON.stringify(logged));
  let child: ChildProcess | undefined;
  try {
    let errors = "";
    child = spawn(envoy, ["-c", join(folder, "envoy.json"), "--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "--file-flush-interval-msec", "20"], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (data: Buffer) => (errors += data.toString()));
    const probe: RandomRequest = { method: "GET", authority: "probe", path: "/", headers: [] };
    for (let i = 0; i < 100 && (await send(ports.listener, probe)) === "error"; i++) {
      if (child.exitCode !== null) throw new Error(`seed ${seed}: envoy ended: ${errors.slice(0, 800)}`);
      await pause(50);
    }
    seen.length = 0;
    const results: Omit<Fact, "status" | "flags" | "details" | "route" | "cluster">[] = [];
    for (const request of requests) {
      const before = seen.length;
      const answer = await send(ports.listener, request);
      results.push({ location: /\r\nlocation: ([^\r]*)/i.exec(answer)?.[1] ?? "", upstream: seen[before] });
    }
    await pause(150);
    const lines = readFileSync(join(folder, "log"), "utf8").trim().split("\n").slice(-requests.length).map((line) => JSON.parse(line) as Record<string, string | number | null>);
    return requests.flatMap((request, index) => {
      const line = lines[index] ?? {};
      const result = results[index];
      const fact: Fact = { status: Number(line["status"]), flags: String(line["flags"] ?? "").replace(/^-$/, "").split(",").sort().join(","), details: String(line["details"] ?? "").split("{")[0] ?? "", route: String(line["route"] ?? "").replace(/^-$/, ""), cluster: String(line["cluster"] ?? "").replace(/^-$/, ""), location: result?.location ?? "", upstream: String(line["details"]) === "via_upstream" ? result?.upstream : undefined };
      const expected = predict(config, ports.listener, request);
      return Object.keys(fact).flatMap((key) => {
        const [have, real] = [expected[key as keyof Fact], fact[key as keyof Fact]];
        const sorted = (value: unknown): string => JSON.stringify(value, typeof value === "object" && value !== null ? Object.keys(value).sort() : undefined) ?? "";
        return sorted(have) === sorted(real) ? [] : [`seed ${seed} ${JSON.stringify(request)}: ${key}: envoy ${sorted(real)}, machine ${sorted(have)}`];
      });
    });
  } finally {
    child?.kill();
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.skipIf(!installed && !required)("the machine agrees with a running Envoy on random route tables", () => {
  it.each(seeds)("seed %i", async (seed) => expect(await measure(seed)).toEqual([]), 60_000);
});
