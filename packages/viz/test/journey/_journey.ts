import type { Hop, Journey, Leg } from "@hopscope/core";

const times = { mean: 26_000, p50: 25_000, p90: 31_000, p99: 40_000 };

/** A journey whose every text is `text`: hostile names go everywhere that cluster text can go. */
export function journeyOf(text: string): Journey {
  const origin = { object: text, file: `${text}.yaml`, line: 3, column: 7 };
  const hop = (system: Hop["system"], node?: string): Hop => ({
    system,
    node,
    place: text,
    stage: text,
    decisions: [{ table: text, rule: text, verdict: text, origin }],
    changes: [{ field: "ip.dst", from: text, to: text }],
    terms: [],
    latency: { p50: 1_000, p99: 4_000 },
  });
  const leg: Leg = {
    id: 1,
    protocol: "http",
    from: { object: text, address: "10.128.0.4", port: 40_000 },
    to: { object: `${text}!`, address: "fd02::1", port: 80 },
    outcome: "refused",
    hops: [hop("netfilter", text), hop("ovn", text), hop("fabric"), hop("envoy", text), hop("haproxy", text), hop("dns", text), hop("host", text), hop("client", text), hop("app", text)],
    reply: { outcome: "accepted", hops: [hop("ovn", text)] },
    ended: { reason: text, code: "app/not-listening", origin },
    times: { opened: 0, closed: 50_000 },
    roundTrip: times,
  };
  const journey: Journey = {
    question: { from: text, to: text },
    verdict: { type: "refused", sentence: text, deciding: { object: text, origin } },
    legs: [leg, { ...leg, id: 2, parent: 1, outcome: "accepted", ended: undefined }],
    requests: [{ id: 1, leg: 1, method: "GET", authority: text, path: text }],
    observations: [],
    choices: [{ point: text, taken: text, probability: 0.5 }],
    probability: 0.5,
    latency: { ...times, legs: [{ leg: 1, ...times }], profile: "cloud-vm" },
    reply: { type: "reset", reason: "connect-refused", detail: text, after: 0 },
    findings: [{ code: "app/not-listening", severity: "error", origin, problem: text, fix: text }],
    caveats: [{ code: "assumed/node", problem: text, origin }],
    alternatives: [],
  };
  return { ...journey, alternatives: [journey] };
}
