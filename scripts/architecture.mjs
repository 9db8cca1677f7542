// Checks that imports run one way and that packages are used through their exports only.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const mayImport = {
  core: [],
  viz: ["core"],
  "model-kubernetes": ["core"],
  "model-linux": ["core", "model-kubernetes"],
  "model-ovn": ["core", "model-kubernetes", "model-linux"],
  "model-istio": ["core", "model-kubernetes", "model-linux"],
  "model-openshift": ["core", "model-kubernetes", "model-linux", "model-ovn", "model-istio"],
  hopscope: ["core", "model-kubernetes", "model-linux", "model-ovn", "model-istio", "model-openshift", "viz"],
};

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : path.endsWith(".ts") ? [path] : [];
  });

const problems = [];
const graph = new Map();
for (const [name, allowed] of Object.entries(mayImport)) {
  for (const file of files(`packages/${name}/src`)) {
    const edges = [];
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, specifier] of text.matchAll(/^\s*(?:import|export)\s+(?:type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm)) {
      if (specifier.startsWith(".")) {
        const target = resolve(dirname(file), specifier);
        if (!relative(resolve(`packages/${name}/src`), target).startsWith("..")) {
          edges.push(relative(".", target));
        } else problems.push(`${file}: imports "${specifier}" outside its package's src`);
        continue;
      }
      const scoped = /^@hopscope\/([^/]+)(\/.*)?$/.exec(specifier);
      const wanted = scoped?.[1] ?? (specifier === "hopscope" ? "hopscope" : undefined);
      if (wanted === undefined) continue;
      if (!allowed.includes(wanted)) problems.push(`${file}: ${name} may not import ${wanted}`);
      if (scoped?.[2] !== undefined && scoped[2] !== "/testing") problems.push(`${file}: deep import "${specifier}"`);
    }
    graph.set(relative(".", file), edges);
  }
}

const done = new Set();
const visit = (file, trail) => {
  const at = trail.indexOf(file);
  if (at !== -1) {
    problems.push(`circle: ${[...trail.slice(at), file].join(" -> ")}`);
    return;
  }
  if (done.has(file)) return;
  for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
  done.add(file);
};
for (const file of graph.keys()) visit(file, []);

for (const problem of problems) console.error(problem);
if (graph.size < 40) problems.push(`only ${graph.size} modules were seen`);
console.log(`architecture: ${graph.size} modules, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
