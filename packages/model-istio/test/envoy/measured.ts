import { admit, type AttemptResult, type Downstream, type EnvoyConfig, type Run, serve, type Verdict } from "../../src/envoy/index.ts";
import { listenerSockets } from "../../src/envoy/address.ts";
import { upstreamTls } from "../../src/envoy/tls.ts";
import { allBranches } from "./branches.ts";

export interface MeasuredCase {
  readonly request: {
    readonly dst: string;
    readonly listener?: string;
    readonly src: string;
    readonly tls: { readonly sni: string | null; readonly alpn: readonly string[]; readonly peer?: string } | null;
    readonly http: { readonly method: string; readonly authority: string | null; readonly path: string; readonly headers: Readonly<Record<string, string | readonly string[]>>; readonly version: "1.0" | "1.1" | "2" } | null;
    readonly data?: string;
    readonly refused?: readonly string[];
  };
  readonly want: Readonly<Record<string, unknown>> & { readonly flags: readonly string[]; readonly runs: number };
  readonly tags: readonly string[];
}

const socket = (text: string): { address: string; port: number } => ({ address: text.slice(0, text.lastIndexOf(":")), port: Number(text.slice(text.lastIndexOf(":") + 1)) });

export function downstreamOf(config: EnvoyConfig, request: MeasuredCase["request"]): Downstream {
  const original = socket(request.dst);
  const redirected = config.listeners.find((listener) => listener["name"] === request.listener);
  const port = redirected === undefined ? undefined : listenerSockets(redirected)[0]?.port;
  const { http, tls } = request;
  return {
    source: socket(request.src),
    original,
    local: port === undefined ? original : { address: original.address, port },
    tls: tls === null ? undefined : { sni: tls.sni ?? undefined, alpn: tls.alpn, peer: tls.peer },
    http:
      http === null
        ? undefined
        : {
            version: http.version,
            method: http.method,
            authority: http.authority ?? undefined,
            path: http.path,
            headers: Object.entries(http.headers).flatMap(([name, value]) => (typeof value === "string" ? [value] : value).map((item) => [name.toLowerCase(), item] as const)),
          },
    data: request.data,
  };
}

export interface Observed {
  readonly listener: string | undefined;
  readonly filterChain: string | undefined;
  readonly verdict: Verdict;
}

/** What the machine says for one request, in all the ways its choices can go. */
export function observe(config: EnvoyConfig, request: MeasuredCase["request"]): readonly { readonly probability: number; readonly result: Observed }[] {
  const downstream = downstreamOf(config, request);
  return allBranches((choose) => {
    const run: Run = {
      config,
      choose,
      attempt: ({ host, http, transportSocket }): AttemptResult => {
        if (request.refused?.includes(host.name) === true) return { type: "connect-failure", reason: "refused", detail: "delayed_connect_error:_Connection_refused" };
        void upstreamTls(transportSocket);
        return http === undefined ? { type: "bytes" } : { type: "response", status: 200, headers: [] };
      },
      wait: () => undefined,
      note: () => undefined,
      caveat: () => undefined,
      finding: () => undefined,
    };
    const admission = admit(run, downstream);
    if (admission === undefined) throw new Error("no listener");
    const chain = admission.chain.type === "chosen" ? admission.chain.chain["name"] : undefined;
    return { listener: String(admission.picked.listener["name"]), filterChain: chain === undefined ? undefined : String(chain), verdict: serve(run, admission, downstream) };
  });
}

const flat = (value: unknown): string => (Array.isArray(value) ? value.join(",") : String(value));
const cut = (details: unknown): string => String(details ?? "").split("{")[0] ?? "";

function headersOf(verdict: Verdict): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of verdict.upstream ?? []) {
    if (name.startsWith(":") || name === "x-request-id") continue;
    result[name] = result[name] === undefined ? value : `${result[name]},${value}`;
  }
  return result;
}

const maskHash = (text: string): string => text.replace(/Hash=[0-9a-f]*/g, "Hash=");

function headerDifferences(want: Readonly<Record<string, unknown>>, verdict: Verdict, varies: readonly string[]): string[] {
  const have = headersOf(verdict);
  const names = new Set([...Object.keys(want), ...Object.keys(have)]);
  return [...names].filter((name) => !varies.includes(`upstream.headers.${name}`) && maskHash(flat(want[name] ?? "-")) !== maskHash(have[name] ?? "-")).map((name) => `header ${name}: want ${flat(want[name] ?? "(none)")}, have ${have[name] ?? "(none)"}`);
}

/** The differences between one branch and what was seen, but for what depends on the choice. */
function fixedDifferences(want: MeasuredCase["want"], seen: Observed): string[] {
  const { verdict } = seen;
  const out: string[] = [];
  const compare = (name: string, wanted: unknown, have: unknown): void => {
    if (wanted !== undefined && JSON.stringify(wanted) !== JSON.stringify(have)) out.push(`${name}: want ${JSON.stringify(wanted)}, have ${JSON.stringify(have)}`);
  };
  compare("listener", want["listener"], seen.listener);
  compare("filterChain", want["filterChain"] ?? null, seen.filterChain ?? null);
  if (want["status"] !== undefined) compare("status", want["status"], verdict.status);
  compare("flags", [...want.flags].sort(), [...verdict.flags].sort());
  if (want["details"] !== undefined || want["status"] === undefined) compare("details", cut(want["details"]), cut(verdict.details));
  if (verdict.kind === "http" && want["routeConfig"] !== undefined && want["details"] !== undefined) {
    compare("virtualHost", want["virtualHost"] ?? null, verdict.virtualHost ?? null);
    compare("route", want["route"] ?? null, (verdict.route ?? "") === "" ? null : verdict.route);
  }
  compare("location", want["location"], verdict.headers.find(([name]) => name === "location")?.[1]);
  const upstream = want["upstream"] as Readonly<Record<string, unknown>> | undefined;
  if (upstream !== undefined) {
    const pseudo = (name: string): unknown => verdict.upstream?.find(([key]) => key === name)?.[1];
    compare("method", upstream["method"], pseudo(":method"));
    compare("path", upstream["path"], pseudo(":path"));
    compare("authority", upstream["authority"], pseudo(":authority"));
    out.push(...headerDifferences((upstream["headers"] ?? {}) as Readonly<Record<string, unknown>>, verdict, (want["varies"] ?? []) as readonly string[]));
  }
  return out;
}

function spread(branches: readonly { readonly probability: number; readonly result: Observed }[], key: (verdict: Verdict) => string | undefined): Map<string, number> {
  const result = new Map<string, number>();
  for (const { probability, result: seen } of branches) {
    const name = key(seen.verdict);
    if (name !== undefined) result.set(name, (result.get(name) ?? 0) + probability);
  }
  return result;
}

function spreadDifferences(name: string, wanted: unknown, have: ReadonlyMap<string, number>, runs: number): string[] {
  if (wanted === undefined) return [];
  const counts = typeof wanted === "string" ? { [wanted]: runs } : (wanted as Readonly<Record<string, number>>);
  const out = Object.keys(counts).filter((item) => (have.get(item) ?? 0) <= 0).map((item) => `${name}: ${item} was seen, have ${JSON.stringify([...have])}`);
  for (const [item, probability] of have) if (counts[item] === undefined && probability > 1 - 0.001 ** (1 / runs)) out.push(`${name}: ${item} (${probability.toFixed(2)}) was never seen`);
  return out;
}

/** All differences between the machine and the measurement; empty where they agree. */
export function differences(config: EnvoyConfig, { request, want }: MeasuredCase): readonly string[] {
  const branches = observe(config, request).filter(({ probability }) => probability > 0);
  const best = branches.map(({ result }) => fixedDifferences(want, result)).sort((a, b) => a.length - b.length)[0] ?? ["no branch"];
  return [
    ...best,
    ...spreadDifferences("cluster", want["cluster"], spread(branches, (verdict) => verdict.cluster), want.runs),
    ...spreadDifferences("endpoint", want["endpoint"], spread(branches, (verdict) => verdict.host?.name), want.runs),
  ];
}
