// Runs the workspace's tasks from a machine that has only Node and npm: sets up once, then does the job.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const { packageManager: pin } = JSON.parse(readFileSync("package.json", "utf8"));

function run(command, args) {
  const result = spawnSync(command, args, { stdio: "inherit", shell: process.platform === "win32" });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const modified = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
if (modified("node_modules/.modules.yaml") < modified("pnpm-lock.yaml")) {
  process.env.CI ??= "true";
  run("npx", ["--yes", pin, "install", "--frozen-lockfile", "--prefer-offline"]);
}

const source = ["-C", "@hopscope/source", "--import", "tsx"];
const vitest = (project) => ["node_modules/vitest/vitest.mjs", "run", "--project", project];
const tasks = {
  demo: [...source, "scripts/demo.ts"],
  readme: [...source, "scripts/readme.ts"],
  hopscope: [...source, "packages/hopscope/src/cli/main.ts"],
  test: vitest("unit"),
  "test:corpora": vitest("corpora"),
  "test:oracle": vitest("oracle"),
  lint: ["node_modules/oxlint/bin/oxlint", "--type-aware", "--tsconfig", "tsconfig.check.json"],
  types: ["node_modules/tsc7/bin/tsc", "-p", "tsconfig.check.json"],
  architecture: ["scripts/architecture.mjs"],
  build: ["node_modules/tsc7/bin/tsc", "-b"],
  notebook: ["scripts/notebook.mjs"],
  "bench:ovn": [...source, "packages/model-ovn/bench/ovn-trace.ts"],
};
const [task, ...rest] = process.argv.slice(2);
if (!(task in tasks)) {
  console.error(`run.mjs: unknown task "${task}"; expected one of ${Object.keys(tasks).join(", ")}`);
  process.exit(2);
}
run(process.execPath, [...tasks[task], ...rest]);
