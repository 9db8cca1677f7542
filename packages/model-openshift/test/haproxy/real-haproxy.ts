import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, request as httpRequest, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttps, request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAP_NAMES, type Backend, type HaproxyProgram } from "../../src/index.ts";

const runs = (program: string, ...args: readonly string[]): boolean => spawnSync(program, args, { stdio: "ignore" }).status === 0;
export const installed = runs("haproxy", "-v") && runs("openssl", "version");

const listening = (server: Server | ReturnType<typeof createTcp>): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createTcp();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Workplace {
  readonly folder: string;
  readonly ports: { readonly http: number; readonly https: number };
  /** Ports of pods: two that speak HTTP, one that speaks TLS. */
  readonly plain: readonly number[];
  readonly tls: number;
  close(): void;
}

/** A folder with a certificate, and pods that answer with their port. */
export async function workplace(): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), "hopscope-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=default", "-keyout", key, "-out", certificate], { stdio: "ignore" });
  writeFileSync(join(folder, "default.pem"), readFileSync(certificate, "utf8") + readFileSync(key, "utf8"));
  mkdirSync(join(folder, "lists"));
  const answer = (incoming: IncomingMessage, outgoing: { setHeader(name: string, value: string): void; end(body: string): void }): void => {
    outgoing.setHeader("x-pod", String((incoming.socket.address() as AddressInfo).port));
    outgoing.setHeader("x-path", incoming.url ?? "");
    outgoing.end("pod\n");
  };
  const servers = [createHttp(answer), createHttp(answer), createHttps({ key: readFileSync(key), cert: readFileSync(certificate) }, answer)] as const;
  const [first, second, tls] = [await listening(servers[0]), await listening(servers[1]), await listening(servers[2])];
  return {
    folder,
    ports: { http: await freePort(), https: await freePort() },
    plain: [first, second],
    tls,
    close: () => {
      for (const server of servers) server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function backendSection(backend: Backend, folder: string): string {
  const acl = (text: string): string => text.replace(/-f \S*\//, `-f ${folder}/lists/`);
  const lines = [
    `mode ${backend.mode}`,
    ...backend.options.map((option) => `option ${option}`),
    `balance ${backend.balance}`,
    ...backend.acls.map((line) => `acl ${acl(line.text)}`),
    ...backend.tcpRequest.map((line) => `tcp-request ${line.text}`),
    ...Object.entries(backend.timeouts).map(([name, value]) => `timeout ${name} ${value}`),
    ...backend.other,
    ...backend.httpRequest.map((line) => `http-request ${line.text}`),
    ...(backend.cookie === undefined ? [] : [`cookie ${backend.cookie}`]),
    ...backend.httpResponse.map((line) => `http-response ${line.text}`),
    // The pods' certificate is self-made.
    ...backend.servers.map((server) =>
      [`server ${server.name} ${server.address}:${server.port}`, ...(server.cookie === undefined ? [] : [`cookie ${server.cookie}`]), `weight ${server.weight}`, ...(server.flags.includes("ssl") ? ["ssl verify none"] : [])].join(" "),
    ),
  ];
  return [`backend ${backend.name}`, ...lines.map((line) => `  ${line}`)].join("\n");
}

/** Writes maps and configuration of a program in the shape of the router's template. */
function writeConfiguration(program: HaproxyProgram, place: Workplace): string {
  const { folder, ports } = place;
  for (const name of MAP_NAMES) writeFileSync(join(folder, name), program.maps[name].map((entry) => `${entry.key} ${entry.value}\n`).join(""));
  for (const [file, items] of Object.entries(program.lists)) writeFileSync(join(folder, "lists", file.slice(file.lastIndexOf("/") + 1)), `${items.join("\n")}\n`);
  const rules = (lines: HaproxyProgram["frontendRequest"]): string => lines.map((line) => `  http-request ${line.text}`).join("\n");
  const tell = "  http-after-response set-header x-test-backend %[be_name]";
  const terminated = (name: string): string => `frontend ${name}
  bind unix@${folder}/${name}.sock ssl crt ${folder}/default.pem accept-proxy
  mode http
${tell}
${rules(program.tlsFrontendRequest)}
  use_backend %[base,map_reg(${folder}/os_edge_reencrypt_be.map)]
  default_backend openshift_default`;
  const text = `global
  maxconn 200
  tune.maxrewrite ${program.maxrewrite}
  tune.bufsize ${program.bufsize}
defaults
${(["connect", "client", "server", "http-request", "tunnel"] as const).map((name) => `  timeout ${name} ${program.defaults[name]}`).join("\n")}
frontend public
  bind 127.0.0.1:${ports.http}
  mode http
${tell}
  tcp-request inspect-delay ${program.defaults.inspect}
  tcp-request content accept if HTTP
  monitor-uri ${program.monitorUri}
${rules(program.frontendRequest)}
  acl secure_redirect base,map_reg_int(${folder}/os_route_http_redirect.map) -m bool
  redirect scheme https if secure_redirect
  use_backend %[base,map_reg(${folder}/os_http_be.map)]
  default_backend openshift_default
frontend public_ssl
  bind 127.0.0.1:${ports.https}
  mode tcp
  tcp-request inspect-delay ${program.defaults.inspect}
  tcp-request content accept if { req_ssl_hello_type 1 }
  acl sni req.ssl_sni -m found
  acl sni_passthrough req.ssl_sni,lower,map_reg(${folder}/os_sni_passthrough.map) -m found
  use_backend %[req.ssl_sni,lower,map_reg(${folder}/os_tcp_be.map)] if sni sni_passthrough
  use_backend be_fe_sni if sni
  default_backend be_fe_no_sni
backend be_fe_sni
  mode tcp
  server fe_sni unix@${folder}/fe_sni.sock weight 1 send-proxy
backend be_fe_no_sni
  mode tcp
  server fe_no_sni unix@${folder}/fe_no_sni.sock weight 1 send-proxy
${terminated("fe_sni")}
${terminated("fe_no_sni")}
backend openshift_default
  mode http
${program.backends.map((backend) => backendSection(backend, folder)).join("\n")}
`;
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, text);
  return file;
}

/** Runs HAProxy with a program until the body is done. */
export async function withHaproxy<T>(program: HaproxyProgram, place: Workplace, body: () => Promise<T>): Promise<T> {
  const file = writeConfiguration(program, place);
  const check = spawnSync("haproxy", ["-c", "-f", file], { encoding: "utf8" });
  if (check.status !== 0) throw new Error(`haproxy refuses the configuration:\n${check.stderr}`);
  const child: ChildProcess = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await answered(place.ports.http, program.monitorUri);
    return await body();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function answered(port: number, path: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await ask({ secure: false, port, host: "up.test", path }).then(
      (reply) => reply.status,
      () => undefined,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error("haproxy does not come up");
}

export interface Question {
  readonly secure: boolean;
  readonly port: number;
  readonly host: string;
  readonly sni?: string;
  readonly path: string;
  readonly cookie?: string | undefined;
}

export interface Answer {
  readonly status: number | undefined;
  readonly backend: string | undefined;
  readonly pod: string | undefined;
  readonly location: string | undefined;
  readonly podPath: string | undefined;
}

/** Sends one request on a connection of its own; no answer at all gives an answer without status. */
export function ask({ secure, port, host, sni, path, cookie }: Question): Promise<Answer> {
  const one = (value: string | readonly string[] | undefined): string | undefined => (typeof value === "string" ? value : value?.[0]);
  return new Promise((resolve) => {
    const options = { host: "127.0.0.1", port, path, headers: { host, ...(cookie !== undefined && { cookie }) }, agent: false as const, setHost: false };
    const heard = (reply: IncomingMessage): void => {
      reply.resume();
      const { headers } = reply;
      resolve({ status: reply.statusCode, backend: one(headers["x-test-backend"]), pod: one(headers["x-pod"]), location: headers.location, podPath: one(headers["x-path"]) });
    };
    const outgoing = secure ? httpsRequest({ ...options, servername: sni ?? "", rejectUnauthorized: false }, heard) : httpRequest(options, heard);
    outgoing.on("error", () => resolve({ status: undefined, backend: undefined, pod: undefined, location: undefined, podPath: undefined }));
    outgoing.end();
  });
}
