// Runs the notebooks headlessly with Debian's Jupyter and the Deno kernel of node_modules; the executed copies go to out/.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const python = process.env.HOPSCOPE_PYTHON ?? "/usr/bin/python3";
const deno = resolve("node_modules/.bin/deno");
const settings = { DENO_CONDITIONS: "@hopscope/source", DENO_DIR: resolve(".deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };

// The kernel spec names absolute paths, so it is made anew on each machine and never committed.
mkdirSync(".jupyter/kernels/deno", { recursive: true });
writeFileSync(
  ".jupyter/kernels/deno/kernel.json",
  `${JSON.stringify({ argv: [deno, "jupyter", "--kernel", "--conn", "{connection_file}"], display_name: "Deno", language: "typescript", env: settings }, null, 2)}\n`,
);

const environment = { ...process.env, JUPYTER_PATH: resolve(".jupyter"), JUPYTER_RUNTIME_DIR: resolve(".jupyter/runtime"), JUPYTER_CONFIG_DIR: resolve(".jupyter/config") };
const notebooks = process.argv.length > 2 ? process.argv.slice(2) : ["examples/notebooks/first-journey.ipynb"];
const { error, status, signal } = spawnSync(python, ["scripts/notebook.py", "--into", "out", ...notebooks], { stdio: "inherit", env: environment });
if (error !== undefined) console.error(`notebook.mjs: ${python} does not start (${error.message}); set HOPSCOPE_PYTHON to a Python with nbclient`);
if (signal) console.error(`notebook.mjs: ${python} ended by ${signal}`);
process.exit(status ?? 1);
