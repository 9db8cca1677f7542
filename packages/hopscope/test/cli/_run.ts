import { InputError, printDiagnostic } from "@hopscope/core";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { program } from "../../src/cli/program.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process; an input error becomes exit code 2 and its printed diagnostics, as at the rim. */
export async function run(...argv: readonly string[]): Promise<Ran> {
  const written = { out: "", err: "" };
  const [stdout, stderr] = [process.stdout.write, process.stderr.write];
  const into = (stream: "out" | "err"): typeof process.stdout.write => (chunk: string | Uint8Array) => {
    written[stream] += String(chunk);
    return true;
  };
  process.stdout.write = into("out");
  process.stderr.write = into("err");
  try {
    return { code: await program(argv), ...written };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { code: 2, out: written.out, err: written.err + error.diagnostics.map((one) => `${printDiagnostic(one)}\n`).join("") };
  } finally {
    process.stdout.write = stdout;
    process.stderr.write = stderr;
  }
}

/** A temporary folder with the files given, removed after `use`. */
export async function withFiles<T>(files: Readonly<Record<string, string | Uint8Array>>, use: (path: (name: string) => string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "hopscope-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return await use((name) => join(root, name));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A GitOps folder: no pods, no nodes, no addresses. */
export const shop = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: shop}
spec:
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec: {containers: [{name: client, image: client}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
`;
