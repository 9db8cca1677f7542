import { describe, expect, it } from "vitest";
import { loadSnapshot } from "@hopscope/model-kubernetes";
import { certificateLine, compileRouter, handle, responseHeaders, type Header } from "../../src/index.ts";
import { present, routeSets, type Case, type RouteSet } from "./corpus.ts";

const sets = present ? routeSets() : [];
const programOf = (set: RouteSet) => compileRouter(loadSnapshot(set.files), { controller: set.controller.ingressController.name });

/** The request as the machine takes it. */
function clientRequest({ request }: Case) {
  const headers: Header[] = request.host === null ? [] : [["host", request.host]];
  for (const [name, value] of Object.entries(request.headers)) for (const item of [value].flat()) headers.push([name.toLowerCase(), item as string]);
  const { sni } = request;
  return {
    frontend: request.port === 80 ? ("public" as const) : ("public_ssl" as const),
    port: request.port,
    src: request.src,
    ...(request.port === 443 && { tls: { ...(sni !== null && sni !== undefined && { sni }), alpn: request.alpn ?? [] } }),
    http: { version: "1.1" as const, method: request.method, target: request.path, headers },
  };
}

describe.skipIf(!present)("the router's configuration, against the real one", () => {
  it.each(sets.map((set) => [set.name, set] as const))("admits and writes the routes of %s", (_, set) => {
    const program = programOf(set);
    for (const want of set.expect.status) {
      const got = program.status.find((status) => status.namespace === want["namespace"] && status.name === want["name"]);
      expect(got?.admitted ?? null, `${String(want["name"])} admitted`).toBe(want["admitted"]);
      if (want["admitted"] === null) continue;
      const { origin: _origin, owner: _owner, ...rest } = got ?? {};
      expect(rest).toEqual(want);
    }
    for (const [name, want] of Object.entries(set.expect.maps)) {
      const entries = name === "cert_config.map" ? program.certificates.map(certificateLine) : program.maps[name as keyof typeof program.maps].map((entry) => `${entry.key} ${entry.value}`);
      expect(entries, name).toEqual(want);
    }
    const texts = (lines: readonly { readonly text: string }[]): readonly string[] => lines.map((line) => line.text);
    const backends = program.backends.map((backend) => {
      const { name, origin: _origin, services: _services, cookie, ...rest } = backend;
      const servers = backend.servers.map(({ origin: _server, ...server }) => ({ cookie: null, ...server }));
      return [
        name,
        { ...rest, cookie: cookie ?? null, servers, acls: texts(backend.acls), tcpRequest: texts(backend.tcpRequest), httpRequest: texts(backend.httpRequest), httpResponse: texts(backend.httpResponse) },
      ] as const;
    });
    expect(backends.map(([name]) => name)).toEqual(Object.keys(set.expect.backends));
    expect(Object.fromEntries(backends)).toEqual(set.expect.backends);
    expect(Object.fromEntries(Object.entries(program.lists).map(([file, items]) => [file.slice(file.lastIndexOf("/") + 1), items]))).toEqual(
      Object.fromEntries(Object.entries(set.expect.whitelistFiles).map(([file, lines]) => [file, lines.filter((line) => line !== "")])),
    );
    expect(program.refused === undefined).toBe(set.expect.haproxyAccepts);
  });
});

describe.skipIf(!present)("requests, against the real HAProxy", () => {
  const asked = sets.filter((set) => set.requests.length > 0);
  it.each(asked.map((set) => [set.name, set] as const))("decides those of %s", (_, set) => {
    const program = programOf(set);
    for (const item of set.requests) {
      const { want } = item;
      if (want.ext !== undefined) continue;
      const got = handle(program, clientRequest(item));
      const { action } = got;
      const label = JSON.stringify(item.request);
      expect({ frontend: got.frontend, backend: got.backend ?? null }, label).toEqual({ frontend: want.frontend, backend: want.backend });
      const candidates = action.type === "forward" || action.type === "splice" ? action.candidates.map((server) => server.name) : [];
      expect(candidates.toSorted(), label).toEqual((want.servers ?? []).toSorted());
      if (want.alpn !== undefined && action.type !== "splice") expect(got.alpn, label).toBe(want.alpn ?? "");
      if (want.certificate !== undefined && got.frontend.startsWith("fe_")) {
        const file = got.certificate === undefined ? "default.pem" : got.certificate.file.slice(got.certificate.file.lastIndexOf("/") + 1);
        expect(set.expect.certFiles[`certs/${file}`]?.[0], label).toContain(`CN=${want.certificate},`);
      }
      switch (action.type) {
        case "answer":
          expect([action.status, action.location ?? null, action.termination ?? null], label).toEqual([want.status, want.location, want.termination ?? null]);
          break;
        case "close":
          expect([null, action.termination], label).toEqual([want.status, want.termination]);
          break;
        case "forward":
          if (want.upstream !== undefined) expect(action.request.target, label).toBe(want.upstream.path);
          if (want.termination) expect(action.cookie, label).toBe(want.termination[2]);
          if (want.status === 200 && want.responseHeaders !== undefined) {
            const server = action.backend.servers.find((candidate) => candidate.name === want.server);
            if (server === undefined) throw new Error(`${label}: no server "${want.server}"`);
            const sent: readonly Header[] = [["content-type", "application/json"], ["x-pod-header", "pod"], ["server", "echo"]];
            const headers = responseHeaders(program, got, clientRequest(item), server, sent);
            expect(headers.filter(([name]) => name === "set-cookie").map(([, value]) => value), label).toEqual(want.setCookie ?? []);
            expect(headers.filter(([name]) => name !== "set-cookie"), label).toEqual(want.responseHeaders.filter(([name]) => name !== "connection"));
          }
          break;
        case "splice":
          break;
      }
    }
  });

  it.each(asked.map((set) => [set.name, set] as const))("sends the headers of %s on", (_, set) => {
    const program = programOf(set);
    // Length and connection are the client's affair; the unique id has a clock in it.
    const left = new Set(["connection", "content-length", program.uniqueIdHeader?.text.toLowerCase() ?? ""]);
    const shown = (headers: readonly Header[]): readonly Header[] => headers.filter(([name]) => !left.has(name));
    for (const item of set.requests) {
      const { action } = handle(program, clientRequest(item));
      if (item.want.ext !== undefined || item.want.upstreamHeaders === undefined || action.type !== "forward") continue;
      if (action.backend.servers.some((server) => server.flags.includes("proto h2"))) continue;
      expect(shown(action.request.headers), JSON.stringify(item.request)).toEqual(shown(item.want.upstreamHeaders));
    }
  });
});
