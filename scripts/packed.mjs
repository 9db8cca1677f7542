// Installs the packed packages into an empty project and runs the README's library example there.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [tarballs, consumer] = process.argv.slice(2).map((path) => resolve(path));
mkdirSync(consumer, { recursive: true });
const files = readdirSync(tarballs).filter((name) => name.endsWith(".tgz"));
const nameOf = (file) => file.replace(/-\d+\.\d+\.\d+.*$/, "").replace(/^hopscope-(?=core|model|viz)/, "@hopscope/");
const dependencies = Object.fromEntries(files.map((file) => [nameOf(file), `file:${join(tarballs, file)}`]));
writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module", dependencies, overrides: dependencies }, null, 2));
execFileSync("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: consumer, stdio: "inherit" });

cpSync("examples/openshift-mesh", join(consumer, "examples/openshift-mesh"), { recursive: true });
const readme = readFileSync("README.md", "utf8");
const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
if (example === undefined) throw new Error("README.md has no TypeScript example");
writeFileSync(join(consumer, "example.mjs"), example);
const printed = execFileSync(process.execPath, ["example.mjs"], { cwd: consumer, encoding: "utf8" });
process.stdout.write(printed);
if (!printed.includes("delivered")) throw new Error("the README's example did not end with a delivered journey");
const version = execFileSync(join(consumer, "node_modules/.bin/hopscope"), ["explain", "router/no-route-for-host"], { cwd: consumer, encoding: "utf8" });
if (!version.includes("Route")) throw new Error("the installed command does not explain");
console.log("the packed packages install and run");
