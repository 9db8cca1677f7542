import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Packet } from "@hopscope/core";
import { program, type RealOvn, until } from "../../oracle/real-ovn.ts";
import { bytesOf, packetFrom, packetsOfPcap, tagged } from "./wire.ts";

const needed = ["ovn-controller", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl", "ovsdb-tool", "ovsdb-server"];
const schema = "/usr/share/openvswitch/vswitch.ovsschema";

/** Whether a real chassis can be started here. */
export const hasRealChassis = (): boolean => needed.every((name) => program(name) !== undefined) && existsSync(schema);

/** A real ovn-controller and Open vSwitch, with a dummy network card for each port. */
export interface RealChassis {
  /** Hands a packet to a card; what then comes out of each card, until nothing more comes. */
  readonly send: (port: string, packet: Packet) => Promise<readonly { readonly port: string; readonly packet: Packet }[]>;
  /** Packets that Open vSwitch gave up on because tables led to tables too often. */
  readonly tooDeep: () => number;
  /** Lines of the connections remembered. */
  readonly connections: () => readonly string[];
  readonly zones: () => ReadonlyMap<string, number>;
  readonly stop: () => void;
}

/** The card on the physical network. */
export const uplink = "eth0";

export interface ChassisPlan {
  readonly hostname: string;
  readonly encap: string;
  readonly ports: readonly string[];
  /** VLAN of the packets on the physical network. */
  readonly tag?: number;
}

/** Starts the chassis `name` on a Southbound database, with cards for the logical ports named. */
export async function startChassis(ovn: RealOvn, name: string, plan: ChassisPlan): Promise<RealChassis> {
  const running: ChildProcess[] = [];
  const stop = (): void => running.forEach((child) => child.kill("SIGKILL"));
  try {
    return { ...await started(ovn, name, plan, running), stop };
  } catch (error) {
    stop();
    throw error;
  }
}

async function started(ovn: RealOvn, name: string, { hostname, encap, ports, tag }: ChassisPlan, running: ChildProcess[]): Promise<Omit<RealChassis, "stop">> {
  const { folder } = ovn;
  const environment = { ...process.env, OVN_RUNDIR: folder, OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVN_LOGDIR: folder, OVS_SYSCONFDIR: folder };
  const start = (of: string, args: readonly string[]): number => {
    const child = spawn(program(of) ?? of, [...args], { stdio: "ignore", env: environment });
    running.push(child);
    return child.pid ?? 0;
  };
  const ask = (of: string, args: readonly string[]): string => execFileSync(program(of) ?? of, [...args], { env: environment, maxBuffer: 1 << 28 }).toString();
  const cards = new Map([uplink, ...ports].map((port, index) => [port, { card: port === uplink ? uplink : `p${index}`, file: join(folder, `${index}.pcap`) }]));
  ask("ovsdb-tool", ["create", join(folder, "conf.db"), schema]);
  start("ovsdb-server", [`--remote=punix:${folder}/db.sock`, `--unixctl=${folder}/conf.ctl`, "-vconsole:off", join(folder, "conf.db")]);
  await until(() => existsSync(join(folder, "db.sock")), "Open vSwitch database");
  const configure = (...args: string[]): string => ask("ovs-vsctl", [`--db=unix:${folder}/db.sock`, ...args]);
  configure("--no-wait", "init");
  configure("--no-wait", "set", "Open_vSwitch", ".", `external_ids:system-id=${name}`, `external_ids:hostname=${hostname}`, `external_ids:ovn-remote=${ovn.southboundRemote}`, "external_ids:ovn-encap-type=geneve",
    `external_ids:ovn-encap-ip="${encap}"`, "external_ids:ovn-bridge-mappings=physnet:br-ex");
  start("ovs-vswitchd", ["--enable-dummy=override", "--disable-system", `--unixctl=${folder}/vswitchd.ctl`, `-vconsole:off`, `unix:${folder}/db.sock`]);
  const appctl = (...args: string[]): string => ask("ovs-appctl", ["-t", `${folder}/vswitchd.ctl`, ...args]);
  configure("add-br", "br-int", "--", "set", "Bridge", "br-int", "fail-mode=secure");
  configure("add-br", "br-ex");
  for (const [port, { card, file }] of cards) {
    configure("add-port", port === uplink ? "br-ex" : "br-int", card, "--", "set", "Interface", card, `options:tx_pcap=${file}`, ...(port === uplink ? [] : [`external_ids:iface-id=${port}`]));
  }
  const control = join(folder, `ovn-controller.${start("ovn-controller", [`unix:${folder}/db.sock`, "-vconsole:off"])}.ctl`);
  const controller = (...args: string[]): string => ask("ovs-appctl", ["-t", control, ...args]);
  await until(() => existsSync(control), "ovn-controller");
  await until(() => /^table=8|table=8,/m.test(flowsOf(ask, folder)), "flows of ovn-controller", 30);
  await settled(() => flowsOf(ask, folder).length);
  const counts = new Map([...cards.keys()].map((port) => [port, 0]));
  const fresh = (): readonly { readonly port: string; readonly packet: Packet }[] => [...cards].flatMap(([port, { file }]) => {
    const all = existsSync(file) ? packetsOfPcap(readFileSync(file)) : [];
    const seen = counts.get(port) ?? 0;
    counts.set(port, all.length);
    return all.slice(seen).map((bytes) => ({ port, packet: packetFrom(bytes) }));
  });
  return {
    async send(port, packet) {
      fresh();
      appctl("netdev-dummy/receive", cards.get(port)?.card ?? port, Buffer.from(port === uplink && tag !== undefined ? tagged(bytesOf(packet), tag) : bytesOf(packet)).toString("hex"));
      const got: { readonly port: string; readonly packet: Packet }[] = [];
      // What ovn-controller makes comes later than what Open vSwitch forwards.
      for (let quiet = 0; quiet < 4;) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        const more = fresh();
        got.push(...more);
        quiet = more.length === 0 ? quiet + 1 : 0;
      }
      return got;
    },
    tooDeep: () => Number(/(\d+)/.exec(tryTo(() => appctl("coverage/read-counter", "datapath_drop_recirc_error")) ?? "0")?.[1] ?? 0),
    connections: () => appctl("dpctl/dump-conntrack").split("\n").filter((line) => line.includes("orig=")),
    zones: () => new Map(controller("ct-zone-list").trim().split("\n").map((line) => {
      const [user = "", zone = "0"] = line.split(/\s+(?=\d+$)/);
      return [user.replace(/^(.*)_([ds]nat)$/, "$2 $1"), Number(zone)];
    })),
  };
}

function tryTo<T>(job: () => T): T | undefined {
  try {
    return job();
  } catch {
    return undefined;
  }
}

const flowsOf = (ask: (of: string, args: readonly string[]) => string, folder: string): string =>
  tryTo(() => ask("ovs-ofctl", ["-O", "OpenFlow15", "dump-flows", `unix:${folder}/br-int.mgmt`])) ?? "";

/** Waits until a measure stays the same. */
async function settled(measure: () => number): Promise<void> {
  let last = -1;
  let same = 0;
  await until(async () => {
    const now = measure();
    same = now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return same >= 3;
  }, "rest of ovn-controller");
}
