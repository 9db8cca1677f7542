import type { Term } from "../network/stage.ts";
import type { Share } from "./compose.ts";
import { type Distribution, lognormal, lognormalFromQuantiles } from "./distribution.ts";

/** How a value was found: A published or physical law, B fitted or measured, C engineering assumption. */
export type Grade = "A" | "B" | "C";

/** One parameter of a profile, for bare metal; microseconds. */
export interface ProfileEntry {
  readonly mean?: number;
  readonly scv?: number;
  readonly p50?: number;
  readonly p99?: number;
  /** Extra nanoseconds per byte. */
  readonly bytesNs?: number;
  readonly scale: "cpu" | "kernel" | "none";
  readonly grade: Grade;
  readonly source: string;
}

export interface Profile {
  readonly name: string;
  readonly cpuScale: number;
  readonly kernelScale: number;
  readonly grade: Grade;
  readonly source: string;
  readonly entries: Readonly<Record<string, ProfileEntry>>;
}

const ONCACHE = "ONCache replication on CloudLab c6525-100g, kernel 5.14";
const ISTIO = "Istio performance documentation 1.20 and istio/tools benchmark of 2020-08-12";
const ROUTER = "OpenShift router performance figures, HAProxy busy time per request";
const LOCAL = "local measurement, netfilter REDIRECT on Linux 6.x";
const ASSUMED = "engineering assumption, to be calibrated";
const entry = (mean: number, scv: number, scale: ProfileEntry["scale"], grade: Grade, source: string, bytesNs?: number): ProfileEntry => ({ mean, scv, bytesNs, scale, grade, source });

/** The parameters on bare metal, keyed as the stages' terms name them. One-way, per message. */
export const defaultEntries: Readonly<Record<string, ProfileEntry>> = {
  sock_tx: entry(2.6, 0.1, "kernel", "B", ONCACHE, 0.19),
  nic_tx: entry(1.3, 0.05, "kernel", "B", ONCACHE),
  wire: entry(0.5, 0, "none", "A", "one top-of-rack hop and cable"),
  nic_rx_irq: entry(2.6, 0.2, "kernel", "B", ONCACHE),
  sock_rx: entry(1.6, 0.1, "kernel", "B", ONCACHE, 0.19),
  wakeup: entry(2.6, 0.5, "kernel", "B", ONCACHE),
  veth_egress: entry(0.7, 0.1, "kernel", "B", ONCACHE),
  ovs_egress: entry(1.7, 0.2, "kernel", "B", ONCACHE),
  geneve_encap: entry(1.3, 0.1, "kernel", "B", ONCACHE, 0.02),
  geneve_decap: entry(1.3, 0.1, "kernel", "B", ONCACHE, 0.02),
  ovs_ingress: entry(1.5, 0.2, "kernel", "B", ONCACHE),
  veth_ingress: entry(0.9, 0.2, "kernel", "B", ONCACHE),
  loopback: entry(0.8, 0, "kernel", "B", LOCAL),
  iptables_redirect_established: entry(1, 0, "kernel", "B", LOCAL),
  iptables_redirect_new: entry(13, 0.3, "kernel", "B", LOCAL),
  conntrack_new: entry(6, 0.5, "kernel", "C", ASSUMED),
  forward: entry(1, 0.2, "kernel", "C", ASSUMED),
  "envoy/http1": entry(42, 0.4, "cpu", "B", ISTIO),
  "envoy/http2": entry(50, 0.4, "cpu", "C", ASSUMED),
  "envoy/tcp": entry(14, 0.4, "cpu", "C", ASSUMED),
  "haproxy/none": entry(28, 0.3, "cpu", "B", ROUTER),
  "haproxy/edge": entry(37, 0.3, "cpu", "B", ROUTER),
  "haproxy/reencrypt": entry(34, 0.3, "cpu", "B", ROUTER),
  "haproxy/passthrough": entry(16, 0.3, "cpu", "B", ROUTER),
  "app/default": { p50: 1000, p99: 5000, scale: "none", grade: "C", source: ASSUMED },
  "dns/cluster": { p50: 250, p99: 3000, scale: "none", grade: "C", source: ASSUMED },
  "dns/external": { p50: 8000, p99: 80000, scale: "none", grade: "C", source: ASSUMED },
};

const profile = (name: string, cpuScale: number, kernelScale: number, grade: Grade, source: string): Profile => ({ name, cpuScale, kernelScale, grade, source, entries: defaultEntries });

export const profiles: Readonly<Record<string, Profile>> = {
  baremetal: profile("baremetal", 1, 1, "B", `${ONCACHE}; ${ISTIO}`),
  "cloud-vm": profile("cloud-vm", 2, 1.3, "C", "bare metal about twice as fast as public cloud; k8s-netperf TCP_RR samples"),
  "gke-2020": profile("gke-2020", 3.1, 2, "B", "fit to istio/tools benchmark of 2020-08-12"),
  "shared-core": profile("shared-core", 4, 4, "C", "ONCache replication on small cloud VMs"),
};

/** The distribution of one term under a profile; `undefined` where the profile has no such entry. */
export function distributionOf(term: Term, used: Profile): Distribution | undefined {
  if (term.value !== undefined) return lognormalFromQuantiles(term.value.p50, term.value.p99);
  const found = used.entries[term.key];
  if (found === undefined) return undefined;
  const scale = (found.scale === "cpu" ? used.cpuScale : found.scale === "kernel" ? used.kernelScale : 1) * 1000;
  const size = (found.bytesNs ?? 0) * (term.bytes ?? 0);
  if (found.p50 !== undefined) return lognormalFromQuantiles(found.p50 * scale + size, (found.p99 ?? found.p50) * scale + size);
  const mean = (found.mean ?? 0) * scale + size;
  return found.scv === undefined || found.scv === 0 ? { type: "const", value: mean } : lognormal(mean, found.scv);
}

/** Terms as shares to compose, equal ones counted together. */
export function sharesOf(terms: readonly Term[], used: Profile): readonly Share[] {
  const shares = new Map<string, Share>();
  for (const term of terms) {
    const distribution = distributionOf(term, used);
    if (distribution === undefined) continue;
    const key = `${term.key} ${term.bytes ?? 0} ${term.value?.p50 ?? ""} ${term.value?.p99 ?? ""}`;
    shares.set(key, { distribution, times: (shares.get(key)?.times ?? 0) + (term.times ?? 1) });
  }
  return [...shares.values()];
}
