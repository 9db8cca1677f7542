import { type Caveat, InputError, type Diagnostic } from "@hopscope/core";
import { type Snapshot } from "@hopscope/model-kubernetes";
import { printLflows } from "@hopscope/model-ovn";
import { plain } from "@hopscope/viz";
import { compileRouter } from "@hopscope/model-openshift";
import { type BuiltNetwork, buildNetwork } from "../network/build-network.ts";
import { isDatabaseFile } from "../database-file.ts";
import { loadCluster } from "../load.ts";
import { inspectDatabase } from "./inspect-database.ts";

const VIEWS = ["lflows", "nb", "sb", "iptables", "envoy", "haproxy", "routes", "caveats"] as const;
type View = (typeof VIEWS)[number];
const isView = (word: string): word is View => (VIEWS as readonly string[]).includes(word);

/** Shows what was loaded, or one of the programs compiled from it. `words` are paths, then optionally a view and a name. */
export function inspect(words: readonly string[], format: "text" | "json"): string {
  const at = words.findIndex((word, index) => index > 0 && isView(word));
  const paths = at === -1 ? words : words.slice(0, at);
  const view = at === -1 ? undefined : words[at];
  const name = at === -1 ? undefined : words[at + 1];
  const [first] = paths;
  if (first !== undefined && paths.length === 1 && isDatabaseFile(first)) return inspectDatabase(first, view, name, format);
  const { snapshot, databases } = loadCluster(paths);
  const errors = snapshot.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new InputError(errors);
  if (view === undefined || !isView(view)) return overview(snapshot, format);
  const network = buildNetwork(snapshot, { databases, compile: "when needed" });
  const value = viewOf(network, view, name);
  if (format === "json") return `${JSON.stringify(value.json, null, 2)}\n`;
  return value.text;
}

function overview(snapshot: Snapshot, format: "text" | "json"): string {
  const counts = new Map<string, number>();
  for (const { kind } of snapshot.resources) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => a.localeCompare(b, "en"));
  if (format === "json") return `${JSON.stringify({ cluster: snapshot.cluster, objects: Object.fromEntries(sorted), caveats: snapshot.caveats }, null, 2)}\n`;
  const { platform, network } = snapshot.cluster;
  const lines = [
    `cluster ${snapshot.cluster.name}: OpenShift ${platform.openshift ?? "–"}, OVN ${platform.ovn ?? "–"}, mesh ${platform.mesh === undefined ? "–" : `${platform.mesh.flavour} ${platform.mesh.version}`}`,
    `pods ${network.pods.join(", ")}  services ${network.services.join(", ")}  gateway ${network.gatewayMode}${network.interconnect ? ", interconnect" : ""}`,
    "",
    ...sorted.map(([kind, count]) => `${kind.padEnd(28)}${String(count).padStart(6)}`),
    "",
    `caveats: ${snapshot.caveats.length} (hopscope inspect … caveats)`,
  ];
  return `${lines.map(plain).join("\n")}\n`;
}

const unknown = (object: string, problem: string, known: readonly string[]): InputError => {
  const diagnostic: Diagnostic = { code: "input/endpoint-unknown", severity: "error", origin: { object }, problem, expected: known.length === 0 ? undefined : `one of ${known.slice(0, 8).join(", ")}` };
  return new InputError([diagnostic]);
};

const missing = (what: string, name: string | undefined, known: readonly string[]): InputError =>
  unknown(name === undefined ? what : `${what} "${name}"`, known.length === 0 ? "the snapshot has none" : name === undefined ? "no name is given" : "is not known", known);

function viewOf(network: BuiltNetwork, view: View, name: string | undefined): { readonly text: string; readonly json: unknown } {
  const { snapshot } = network;
  const nodes = [...network.seats.nodes.keys()];
  const node = (): string => {
    if (name !== undefined && !nodes.includes(name)) throw unknown(`node "${name}"`, "is not in the snapshot", nodes);
    const found = name ?? nodes[0];
    if (found === undefined) throw unknown("node", "the snapshot has none", []);
    return found;
  };
  switch (view) {
    case "lflows": {
      const db = network.southbound(node());
      return { text: printLflows(db), json: db.datapaths };
    }
    case "sb": {
      const { datapaths } = network.southbound(node());
      const lines = datapaths.map(({ name: datapath, type, ports, flows }) => `${datapath.padEnd(40)}${type.padEnd(8)}${String(ports.length).padStart(5)} ports${String(flows.length).padStart(7)} flows`);
      return { text: `${lines.map(plain).join("\n")}\n`, json: datapaths };
    }
    case "nb": {
      const rows = network.northbound(node());
      const tables = Object.entries(rows).filter(([, list]) => Array.isArray(list) && list.length > 0);
      return { text: `${tables.map(([table, list]) => `${table.padEnd(30)}${String((list as readonly unknown[]).length).padStart(6)}`).join("\n")}\n`, json: rows };
    }
    case "iptables": {
      const found = [name, `pod/${name}`, `node/${name}`].map((key) => network.namespaces.get(key ?? "")).find((one) => one !== undefined);
      if (found === undefined) throw missing("namespace", name, [...network.namespaces.keys()]);
      return { text: `${found.netfilter?.v4 ?? ""}${found.netfilter?.v6 === undefined ? "" : `\n${found.netfilter.v6}`}`, json: found.netfilter ?? null };
    }
    case "envoy": {
      const found = network.proxies.get((name ?? "").replace(/^pod\//, ""));
      if (found === undefined) throw missing("proxy", name, [...network.proxies.keys()]);
      const json = found();
      return { text: `${JSON.stringify(json, null, 2)}\n`, json };
    }
    case "haproxy":
    case "routes": {
      const program = compileRouter(snapshot, { controller: name });
      if (view === "routes") {
        const json = program.status;
        return { text: json.map((one) => `${JSON.stringify(one)}\n`).join(""), json };
      }
      return { text: `${JSON.stringify(program, null, 2)}\n`, json: program };
    }
    case "caveats": {
      const caveats = everyCaveat(network);
      const lines = caveats.map(({ code, problem, origin }) => `${code}: ${problem}${origin === undefined ? "" : ` [${objectText(snapshot, origin)}]`}`);
      return { text: `${lines.map(plain).join("\n")}\n`, json: caveats };
    }
  }
}

/** All caveats of a network, those of every node's compiled databases and of the mesh's objects among them. */
function everyCaveat(network: BuiltNetwork): readonly Caveat[] {
  const zones = [...network.seats.nodes.keys()].flatMap((node) => network.zoneCaveats(node));
  const wrong = network.diagnostics.map(({ code, problem, origin }): Caveat => ({ code, problem, origin }));
  const seen = new Set<string>();
  return [...network.caveats, ...zones, ...wrong].filter(({ code, problem }) => !seen.has(`${code} ${problem}`) && seen.add(`${code} ${problem}`));
}

const objectText = (snapshot: Snapshot, origin: Parameters<Snapshot["locate"]>[0]): string => {
  const { file, line, object } = snapshot.locate(origin);
  return file === undefined ? object : `${file}${line === undefined ? "" : `:${line}`}`;
};

