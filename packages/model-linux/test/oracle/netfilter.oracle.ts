import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CLIENT_SOCKET, type Decided, type Packet, replyTo, type Stage, type TcpFlag, tcpPacket } from "@hopscope/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NamespaceState, namespaceStage, parseRuleset, printRuleset, type Socket } from "../../src/index.ts";
import { arbitraryRules, chance, FAR, PEER, POD, PORTS } from "../../src/testing/index.ts";

const run = (command: string, input?: string): string => execFileSync("sh", ["-c", command], { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"] });
const works = (command: string): boolean => {
  try {
    run(command);
    return true;
  } catch {
    return false;
  }
};
const suffix = String(process.pid);
const pod = `hs-pod-${suffix}`;
const peer = `hs-peer-${suffix}`;
const far = `hs-far-${suffix}`;
type Place = "pod" | "peer" | "far";
const able = works(`ip netns add hs-try-${suffix} && ip netns exec hs-try-${suffix} iptables -t nat -L -n; code=$?; ip netns del hs-try-${suffix}; exit $code`);
if (!able && process.env["CI"] !== undefined) throw new Error("iptables in a network namespace is needed in CI");
if (!able) console.log("netfilter oracle: needs root, ip and iptables; skipped");

const seed = Number(process.env["HOPSCOPE_SEED"] ?? 1);
const rounds = Number(process.env["HOPSCOPE_ROUNDS"] ?? 40);

interface Answer {
  readonly id?: number;
  readonly reached?: { readonly at: string; readonly local: string; readonly remote: string };
  readonly error?: string;
}
interface Agent {
  readonly process: ChildProcess;
  tell(command: object): void;
  connect(host: string, port: number): Promise<Answer>;
}
interface Owner {
  readonly uid: number;
  readonly gid: number;
}

async function agent(namespace: string, owner: Owner): Promise<Agent> {
  const script = fileURLToPath(new URL("agent.mjs", import.meta.url));
  const child = spawn("ip", ["netns", "exec", namespace, "setpriv", "--reuid", String(owner.uid), "--regid", String(owner.gid), "--clear-groups", process.execPath, script], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, (answer: Answer) => void>();
  let id = 0;
  const started = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = JSON.parse(line) as Answer & { started?: boolean };
      if (message.started === true) resolve();
      if (message.id !== undefined) waiting.get(message.id)?.(message);
    });
  });
  await started;
  const tell = (command: object): void => void child.stdin.write(`${JSON.stringify(command)}\n`);
  return {
    process: child,
    tell,
    connect: (host, port) =>
      new Promise((resolve) => {
        id += 1;
        waiting.set(id, resolve);
        tell({ op: "connect", id, host, port, timeout: 600 });
      }),
  };
}

const OWNERS: readonly Owner[] = [{ uid: 1337, gid: 1337 }, { uid: 1000, gid: 0 }, { uid: 1000, gid: 1337 }];
const SERVER: Owner = { uid: 1000, gid: 1000 };
const agents: Agent[] = [];

/** One result, in the same words for both: `pod 10.128.2.15:8080 from 10.128.2.1`, `refused`, `timeout`. */
const measuredAs = ({ reached, error }: Answer): string => {
  if (reached !== undefined) return `${reached.at} ${reached.local} from ${reached.remote}`;
  return error === "timeout" || error === "ETIMEDOUT" ? "timeout" : "refused";
};

const socketsOf = (name: string): Socket[] => PORTS.map((port) => ({ address: "0.0.0.0", port, protocol: "tcp", endpoint: name, ...SERVER }));
function stages(rules: string): Record<Place, Stage<NamespaceState>> {
  return {
    pod: namespaceStage({ id: "pod", interfaces: [{ name: "eth0", addresses: [`${POD}/23`] }, { name: "eth1", addresses: ["10.50.0.1/24"] }], sysctls: { ipForward: true }, routes: [{ to: "default", via: "10.128.2.1" }], netfilter: { v4: rules }, sockets: socketsOf("pod") }),
    peer: namespaceStage({
      id: "peer",
      interfaces: [{ name: "eth0", addresses: ["10.128.2.1/23"] }, { name: "lo", addresses: ["172.21.6.8/32", "172.30.1.1/32"] }],
      routes: [{ to: "10.50.0.0/24", via: POD }],
      sockets: socketsOf("peer"),
    }),
    far: namespaceStage({ id: "far", interfaces: [{ name: "eth0", addresses: [`${FAR}/24`] }], routes: [{ to: "default", via: "10.50.0.1" }], sockets: socketsOf("far") }),
  };
}

/** The other end of a cable: pod eth0 to peer, pod eth1 to far. */
const peerOf = (at: Place, out: string): [Place, string] => (at === "pod" ? [out === "eth1" ? "far" : "peer", "eth0"] : ["pod", at === "far" ? "eth1" : "eth0"]);

/** What the model says of the same connection: SYN, its answer, and the ACK after it must all arrive. */
function modelled(rules: string, from: Place, owner: Owner, dst: string, port: number): string {
  const network = stages(rules);
  const states: Partial<Record<Place, NamespaceState>> = {};
  const carry = (start: Place, packet: Packet): { at: Place; outcome: Decided["outcome"] } => {
    let [at, entry, current] = [start, "local", packet];
    let refusal: Extract<Decided["outcome"], { type: "reject" }> | undefined;
    for (let hops = 0; hops < 12; hops++) {
      const decided: Decided<NamespaceState> = network[at].decide({ packet: current, port: entry, state: states[at], choose: () => 0 });
      states[at] = decided.state;
      const { outcome } = decided;
      if (outcome.type === "reject") refusal = outcome;
      if (outcome.type === "forward" || (outcome.type === "reject" && outcome.out.startsWith("eth"))) {
        [at, entry] = peerOf(at, outcome.out);
        current = outcome.type === "forward" ? outcome.packet : outcome.with;
      } else if (refusal !== undefined && outcome.type === "deliver") {
        const heard = at === start && outcome.to.endpoint === CLIENT_SOCKET;
        return { at, outcome: heard ? refusal : { type: "drop", reason: "the refusal is lost", origin: refusal.origin } };
      } else if (refusal !== undefined && outcome.type === "reject") {
        return { at, outcome: at === start ? outcome : { type: "drop", reason: "the refusal is for another", origin: outcome.origin } };
      } else return { at, outcome };
    }
    return { at, outcome: { type: "unknown", reason: "a loop" } };
  };
  const sent = (flags: readonly TcpFlag[]): Packet => tcpPacket({ src: "0.0.0.0", dst, srcPort: 40000, dstPort: port, flags, local: { mark: 0, ...owner } });
  const there = carry(from, sent(["syn"]));
  if (there.outcome.type === "unknown") return `unknown: ${there.outcome.reason}`;
  if (there.outcome.type === "reject") return "refused";
  if (there.outcome.type !== "deliver") return "timeout";
  const { packet, to } = there.outcome;
  const back = carry(there.at, replyTo(packet));
  if (back.outcome.type !== "deliver" || back.at !== from || back.outcome.to.endpoint !== CLIENT_SOCKET) return "timeout";
  const third = carry(from, { ...sent(["ack"]), ip: { ...replyTo(back.outcome.packet).ip, version: 4, src: back.outcome.packet.ip?.dst ?? "", dst, ttl: 64, dscp: 0 } });
  // Even an ICMP error about the ACK is seen: the client asks for SO_ERROR once it is connected.
  if (third.outcome.type === "reject") return "refused";
  if (third.outcome.type !== "deliver") return "timeout";
  const data = carry(there.at, replyTo(third.outcome.packet));
  if (data.outcome.type !== "deliver" || data.outcome.to.endpoint !== CLIENT_SOCKET) return "timeout";
  return `${to.endpoint} ${to.socket.address}:${to.socket.port} from ${packet.ip?.src}`;
}

describe.skipIf(!able)(`netfilter beside the kernel's (HOPSCOPE_SEED=${seed})`, () => {
  let clients: Agent[] = [];
  let outside: Agent | undefined;

  beforeAll(async () => {
    for (const name of [pod, peer, far]) run(`ip netns add ${name} && ip -n ${name} link set lo up`);
    run(`ip link add ${pod.slice(3)} netns ${pod} type veth peer name eth0 netns ${peer} && ip -n ${pod} link set ${pod.slice(3)} name eth0`);
    run(`ip -n ${pod} addr add ${POD}/23 dev eth0 && ip -n ${peer} addr add 10.128.2.1/23 dev eth0 && ip -n ${peer} addr add 172.21.6.8/32 dev lo && ip -n ${peer} addr add 172.30.1.1/32 dev lo`);
    run(`ip -n ${pod} link set eth0 up && ip -n ${peer} link set eth0 up && ip -n ${pod} route add default via 10.128.2.1`);
    run(`ip link add ${far.slice(3)} netns ${pod} type veth peer name eth0 netns ${far} && ip -n ${pod} link set ${far.slice(3)} name eth1 && ip -n ${pod} addr add 10.50.0.1/24 dev eth1 && ip -n ${pod} link set eth1 up`);
    run(`ip -n ${far} addr add ${FAR}/24 dev eth0 && ip -n ${far} link set eth0 up && ip -n ${far} route add default via 10.50.0.1 && ip -n ${peer} route add 10.50.0.0/24 via ${POD}`);
    run(`ip netns exec ${pod} sysctl -q -w net.ipv4.ip_forward=1`);
    for (const name of [pod, peer, far]) for (const key of ["ipv4.conf.eth1.rp_filter=0", "ipv4.icmp_ratelimit=0", "ipv4.conf.all.rp_filter=0", "ipv4.conf.eth0.rp_filter=0", "ipv4.conf.default.rp_filter=0"]) run(`ip netns exec ${name} sysctl -q -w net.${key} || true`);
    const listeners = await Promise.all([agent(pod, SERVER), agent(peer, SERVER), agent(far, SERVER)]);
    listeners[0]?.tell({ op: "listen", name: "pod", ports: PORTS });
    listeners[1]?.tell({ op: "listen", name: "peer", ports: PORTS });
    listeners[2]?.tell({ op: "listen", name: "far", ports: PORTS });
    clients = await Promise.all(OWNERS.map((owner) => agent(pod, owner)));
    outside = await agent(peer, { uid: 1000, gid: 1000 });
    agents.push(...listeners, ...clients, outside);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }, 30_000);

  afterAll(() => {
    for (const { process: child } of agents) child.kill();
    for (const name of [pod, peer, far]) works(`ip netns del ${name}`);
  });

  it.each(Array.from({ length: rounds }, (_, index) => [seed * 1000 + index]))("agrees on the rules of seed %i", async (round) => {
    const rules = arbitraryRules(round);
    run(`ip netns exec ${pod} sh -c 'for t in raw mangle nat filter; do iptables -t $t -F; iptables -t $t -X; done; iptables -P INPUT ACCEPT; iptables -P OUTPUT ACCEPT; iptables -P FORWARD ACCEPT'`);
    run(`ip netns exec ${pod} iptables-restore`, rules);
    const saved = run(`ip netns exec ${pod} iptables-save`);
    expect.soft(rulesByTable(printRuleset(parseRuleset(rules).ruleset))).toEqual(rulesByTable(saved));
    const random = chance(round + 7);
    const targets = [...PEER, POD, FAR, "127.0.0.1"].flatMap((dst) => (random.happens(0.7) ? [[dst, random.pick(PORTS)] as const] : []));
    const cases = [
      ...clients.flatMap((client, index) => targets.map(([dst, port]) => ({ from: "pod" as const, owner: OWNERS[index] ?? SERVER, client, dst, port }))),
      ...PORTS.flatMap((port) => [POD, FAR].map((dst) => ({ from: "peer" as const, owner: SERVER, client: outside, dst, port }))),
    ];
    const results = await Promise.all(cases.map(async ({ client, dst, port }) => (client === undefined ? "" : measuredAs(await client.connect(dst, port)))));
    const label = ({ from, owner, dst, port }: (typeof cases)[number]): string => `${from} ${owner.uid}/${owner.gid} -> ${dst}:${port}`;
    const measured = cases.map((one, index) => `${label(one)}: ${results[index]}`);
    const told = cases.map((one) => `${label(one)}: ${modelled(rules, one.from, one.owner, one.dst, one.port)}`);
    expect(told, rules).toEqual(measured);
  }, 20_000);
});

/** Each table's rules, in order; the tables themselves stand in an order that depends on the kernel's history. */
function rulesByTable(text: string): Readonly<Record<string, readonly string[]>> {
  const tables: Record<string, string[]> = {};
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    if (line.startsWith("-A")) (tables[table] ??= []).push(line);
  }
  return tables;
}
