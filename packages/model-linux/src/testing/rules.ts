/** A small reproducible source of chance. */
export function chance(seed: number): { below(limit: number): number; pick<T>(among: readonly T[]): T; happens(share: number): boolean } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: (among) => {
      const one = among[below(among.length)];
      if (one === undefined) throw new RangeError("nothing to pick from");
      return one;
    },
    happens: (share) => next() < share,
  };
}
type Chance = ReturnType<typeof chance>;

/** Ports on which the hosts of the rules' little world listen. */
export const PORTS = [8080, 13000, 15001, 15006];
/** The host that has the rules. */
export const POD = "10.128.2.15";
/** Addresses of its neighbour and gateway. */
export const PEER = ["10.128.2.1", "172.21.6.8", "172.30.1.1"];
/** A host behind the pod, which forwards. */
export const FAR = "10.50.0.2";
const RANGES = ["10.50.0.0/24", "10.128.2.0/24", "172.16.0.0/12", "10.128.2.15/32", "172.21.6.8/32", "127.0.0.0/8", "10.0.0.0/8", "10.128.2.1/32"];

type Table = "raw" | "mangle" | "nat" | "filter";
const HOOKS: Readonly<Record<Table, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
};

/** Makes a rule set at random, as `iptables-restore` takes it. */
export function arbitraryRules(seed: number): string {
  const random = chance(seed);
  const lines: string[] = [];
  for (const table of ["raw", "mangle", "nat", "filter"] as const) {
    if (table === "raw" && !random.happens(0.3)) continue;
    const chains = ["ONE", "TWO"];
    lines.push(`*${table}`, ...chains.map((name) => `:${name} - [0:0]`));
    if (table === "filter" && random.happens(0.1)) lines.push(`:${random.pick(HOOKS.filter)} DROP [0:0]`);
    for (const hook of HOOKS[table]) for (let count = random.below(4); count > 0; count--) lines.push(rule(random, table, hook, hook, chains));
    for (const [index, name] of chains.entries()) for (let count = random.below(4); count > 0; count--) lines.push(rule(random, table, name, "", chains.slice(index + 1)));
    lines.push("COMMIT");
  }
  return `${lines.join("\n")}\n`;
}

function rule(random: Chance, table: Table, chain: string, hook: string, jumps: readonly string[]): string {
  const words = [`-A ${chain}`];
  const not = (): string => (random.happens(0.25) ? "! " : "");
  if (random.happens(0.3)) words.push(`${not()}-s ${random.pick(RANGES)}`);
  if (random.happens(0.4)) words.push(`${not()}-d ${random.pick(RANGES)}`);
  if (hook === "PREROUTING" || hook === "INPUT" || hook === "FORWARD") if (random.happens(0.3)) words.push(`${not()}-i ${random.pick(["eth0", "lo", "eth+"])}`);
  if (hook === "OUTPUT" || hook === "POSTROUTING" || hook === "FORWARD") if (random.happens(0.3)) words.push(`${not()}-o ${random.pick(["eth0", "lo", "eth1"])}`);
  words.push("-p tcp");
  if (random.happens(0.3)) words.push(`-m tcp ${not()}--dport ${random.pick(["8080", "13000", "15001:15006", "8080:9000"])}`);
  if (random.happens(0.2)) words.push(`-m multiport ${not()}--dports ${random.pick(["8080,15006", "13000", "8000:9000,15001"])}`);
  if (hook === "OUTPUT" && random.happens(0.3)) words.push(`-m owner ${not()}--${random.pick(["uid", "gid"])}-owner ${random.pick(["1337", "1000", "0"])}`);
  if (random.happens(0.15)) words.push(`-m mark ${not()}--mark ${random.pick(["0x1", "0x2", "0x1/0x1"])}`);
  if (random.happens(0.15)) words.push(`-m connmark ${not()}--mark ${random.pick(["0x1", "0x2"])}`);
  if (table !== "raw" && random.happens(0.15)) words.push(`-m conntrack ${not()}--ctstate ${random.pick(["NEW", "ESTABLISHED", "NEW,ESTABLISHED", "DNAT", "SNAT", "UNTRACKED", "INVALID"])}`);
  if (table !== "raw" && random.happens(0.1)) words.push(`-m conntrack ${not()}--ctorigdst ${random.pick(RANGES)}`);
  if (random.happens(0.15)) words.push(`-m addrtype ${not()}--${random.pick(["src", "dst"])}-type LOCAL`);
  words.push(target(random, table, hook, jumps));
  return words.join(" ");
}

function target(random: Chance, table: Table, hook: string, jumps: readonly string[]): string {
  if (random.happens(0.25) && jumps.length > 0) return `-${random.pick(["j", "j", "g"])} ${random.pick(jumps)}`;
  if (random.happens(0.2)) return "-j RETURN";
  switch (table) {
    case "raw":
      return random.pick(["-j CT --notrack", "-j CT --zone 3", "-j ACCEPT"]);
    case "mangle":
      return random.pick(["-j MARK --set-mark 1", "-j MARK --set-mark 2", "-j MARK --or-mark 3", "-j CONNMARK --set-mark 1", "-j CONNMARK --save-mark", "-j CONNMARK --restore-mark", "-j ACCEPT"]);
    case "nat":
      if (hook === "PREROUTING" || hook === "OUTPUT") {
        return random.pick(["-j REDIRECT --to-ports 15001", "-j REDIRECT --to-ports 15006", "-j REDIRECT", `-j DNAT --to-destination ${random.pick([...PEER, POD, FAR])}`, `-j DNAT --to-destination ${random.pick(PEER)}:13000`, "-j DNAT --to-destination :8080", "-j ACCEPT"]);
      }
      if (hook === "POSTROUTING") return random.pick(["-j MASQUERADE", "-j SNAT --to-source 10.128.2.15", "-j SNAT --to-source 10.128.2.15:50000-50100", "-j ACCEPT"]);
      return "-j ACCEPT";
    case "filter":
      return random.pick(["-j ACCEPT", "-j DROP", "-j REJECT", "-j REJECT --reject-with tcp-reset", "-j ACCEPT"]);
  }
}
