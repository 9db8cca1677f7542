import { icmpPacket, type Packet, replyTo } from "@hopscope/core";
import { type Action, parseActions, type Source, type Target } from "../actions/parse.ts";
import { evaluate, type Fields, type Lookups, readField, writeField } from "../expr/evaluate.ts";
import { OvnSyntaxError } from "../expr/lex.ts";
import { parseExpression } from "../expr/parse.ts";
import type { LogicalFlow, SbPort } from "../../southbound.ts";
import { callAction } from "./calls.ts";
import { readPacket, writePacket } from "./packet-fields.ts";
import type { IndexedDatapath } from "./tables.ts";
import { copyFields, current, emptyFields, end, type OvnRun, type Pass, type Travel } from "./travel.ts";

const MAX_DEPTH = 120;

/** Whether this chassis holds a port. @internal */
export function isResident(run: OvnRun, name: string): boolean {
  const port = run.index.byPort.get(name)?.ports.get(name);
  return port?.chassis === run.chassis;
}

const lookupsOf = (run: OvnRun): Lookups => ({
  addressSet: (name) => run.index.db.addressSets.get(name),
  portGroup: (name) => run.index.portGroups.get(name),
  isResident: (port) => isResident(run, port),
});

/** Lets a packet enter a datapath's ingress tables by a port. */
export function enter(run: OvnRun, datapath: IndexedDatapath, inport: string, packet: Packet, made = false): void {
  const fields = emptyFields(inport);
  readPacket(packet, fields);
  travelFrom(run, datapath, fields, packet, "ingress", made);
}

function travelFrom(run: OvnRun, datapath: IndexedDatapath, fields: Fields, packet: Packet, pipeline: "ingress" | "egress", made: boolean, table = 0): void {
  const pass: Pass = { datapath, pipeline, before: packet, after: packet, decisions: [] };
  run.passes.push(pass);
  const travel: Travel = { datapath, fields, packet, pass, made, flow: undefined, pipeline, table };
  visit(run, travel, table);
  pass.after = current(travel);
}

/** Looks a packet up in one table and does what the flow says; `next` goes on from there. @internal */
export function visit(run: OvnRun, travel: Travel, table: number): void {
  run.depth += 1;
  if (run.depth > MAX_DEPTH * 10) return end(run, travel, "drop", "the packet travels in a circle of logical tables", "journey/loop");
  travel.table = table;
  const flows = travel.datapath.flows[travel.pipeline][table];
  const lookups = lookupsOf(run);
  let found: LogicalFlow | undefined;
  try {
    found = flows?.find((flow) => evaluate(parseExpression(resolveTemplates(run, flow.match)), travel.fields, lookups));
    travel.flow = found;
    if (found === undefined) return end(run, travel, "drop", `no flow of ${travel.datapath.row.name} table ${travel.pipeline} ${table} matches`);
    note(travel, found);
    const actions = parseActions(resolveTemplates(run, found.actions));
    perform(run, travel, actions);
    // A list that goes nowhere drops: northd writes such a drop as a comment.
    if (actions.every(({ type }) => type === "assign" || type === "exchange" || type === "decrement")) dropped(run, travel);
  } catch (error) {
    if (!(error instanceof OvnSyntaxError)) throw error;
    end(run, travel, "unknown", `a logical flow of ${travel.datapath.row.name} is not understood: ${error.message}`);
  }
}

function resolveTemplates(run: OvnRun, text: string): string {
  if (!text.includes("^")) return text;
  const values = run.index.db.templates.get(run.chassis);
  return text.replace(/\^([A-Za-z_][\w.]*)/g, (whole, name: string) => values?.get(name) ?? whole);
}

const silent = /_hint$|lookup_neighbor|learn_neighbor|chk_pkt_len|_lookup_fdb|_put_fdb|mirror/;

function note(travel: Travel, flow: LogicalFlow): void {
  if (flow.actions === "next;" || silent.test(flow.stage)) return;
  const packet = writePacket(travel.fields, travel.packet);
  travel.pass.after = packet;
  travel.pass.decisions.push({ table: flow.stage, rule: `${flow.priority} ${flow.match}`, verdict: flow.actions, origin: flow.origin });
}

/** Runs a list of actions on a packet. @internal */
export function perform(run: OvnRun, travel: Travel, actions: readonly Action[]): void {
  for (const action of actions) {
    switch (action.type) {
      case "next": {
        const pipeline = action.pipeline ?? travel.pipeline;
        const table = action.table ?? travel.table + 1;
        if (pipeline === travel.pipeline) {
          const { table: here, flow } = travel;
          visit(run, travel, table);
          travel.table = here;
          travel.flow = flow;
        } else travelFrom(run, travel.datapath, travel.fields, current(travel), pipeline, travel.made, table);
        break;
      }
      case "output":
        if (travel.pipeline === "ingress") output(run, travel);
        else leave(run, travel);
        break;
      case "drop":
        dropped(run, travel);
        break;
      case "assign":
        assign(travel, action.to, action.from);
        break;
      case "exchange": {
        const left = valueOf(travel, action.left);
        store(travel, action.left, valueOf(travel, action.right));
        store(travel, action.right, left);
        break;
      }
      case "decrement": {
        const value = readField(travel.fields, action.field);
        if (value <= 1n) return end(run, travel, "drop", "the packet's TTL runs out");
        writeField(travel.fields, action.field, value - 1n);
        break;
      }
      case "call":
        if (callAction(run, travel, action) === "stop") return;
        break;
      case "nested":
        nested(run, travel, action);
        break;
    }
  }
}

function dropped(run: OvnRun, travel: Travel): void {
  const { flow } = travel;
  const object = flow?.origin.object ?? travel.datapath.row.name;
  if (flow !== undefined && /_acl/.test(flow.stage)) {
    const firewall = object.startsWith("EgressFirewall");
    const policy = travel.pass.decisions.findLast(({ table, verdict }) => /_acl(_eval|_after_lb_eval)?$/.test(table) && /reg8\[1[78]\] = 1|drop/.test(verdict));
    const origin = policy?.origin ?? flow.origin;
    run.ends.push({ type: "drop", reason: `${origin.object} denies it (${travel.datapath.row.name}, ${flow.stage})`, origin, code: firewall || origin.object.startsWith("EgressFirewall") ? "ovn/egress-firewall-denies" : "ovn/network-policy-denies" });
    return;
  }
  end(run, travel, "drop", `${travel.datapath.row.type} ${travel.datapath.row.name} drops it in ${flow?.stage ?? "a table"}: ${flow?.match ?? ""}`);
}

type Value = { readonly value: bigint; readonly mask?: bigint } | { readonly text: string };

function valueOf(travel: Travel, source: Source): Value {
  switch (source.type) {
    case "number":
      return { value: source.value, mask: source.mask };
    case "string":
      return { text: source.text };
    case "port":
      return { text: travel.fields[source.name] };
    case "field":
      return { value: readField(travel.fields, source.field) };
  }
}

function store(travel: Travel, target: Target, value: Value): void {
  if (target.type === "port") travel.fields[target.name] = "text" in value ? value.text : "";
  else if ("value" in value) writeField(travel.fields, target.field, value.value, value.mask);
}

const assign = (travel: Travel, to: Target, from: Source): void => store(travel, to, valueOf(travel, from));

/** ICMP errors, resets and address resolution: the actions that make a packet of their own. */
function nested(run: OvnRun, travel: Travel, action: Extract<Action, { type: "nested" }>): void {
  const was = current(travel);
  const fields = copyFields(travel.fields);
  const go = (packet: Packet, made = true): void => {
    readPacket(packet, fields);
    const inner: Travel = { ...travel, fields, packet, made, pass: { ...travel.pass, before: packet, after: packet, decisions: [] } };
    run.passes.push(inner.pass);
    perform(run, inner, action.actions);
    inner.pass.after = current(inner);
  };
  switch (action.name) {
    case "clone":
      return go(was, travel.made);
    case "ct_commit":
    case "ct_commit_v2":
      callAction(run, travel, { type: "call", name: "ct_commit", text: undefined }, action.actions);
      return;
    case "reject":
    case "tcp_reset":
    case "sctp_abort": {
      const tcp = was.l4?.type === "tcp";
      if (was.l4?.type === "tcp" && was.l4.flags.includes("rst")) return;
      const answer = tcp
        ? replyTo(was, { flags: ["rst", "ack"] })
        : icmpPacket({ src: was.ip?.dst ?? "", dst: was.ip?.src ?? "" }, was.ip?.version === 6 ? { icmpType: 1, code: 4, about: was } : { icmpType: 3, code: 3, about: was });
      // Upstream: controller/pinctrl.c pinctrl_handle_tcp_reset and pinctrl_handle_icmp, OVN 23.09.
      const sent: Packet = { ...answer, eth: { ...answer.eth, src: was.eth.dst, dst: was.eth.src }, ip: answer.ip && { ...answer.ip, ttl: tcp ? 63 : 255 } };
      const origin = travel.flow?.origin ?? { object: travel.datapath.row.name };
      const noBackend = /_lb|_dnat/.test(travel.flow?.stage ?? "");
      run.refusal = noBackend
        ? { reason: `${origin.object} has no endpoints, so OVN refuses the connection`, origin, code: "kubernetes/service-without-endpoints" }
        : { reason: `${origin.object} rejects it (${travel.flow?.stage ?? ""})`, origin, code: origin.object.startsWith("EgressFirewall") ? "ovn/egress-firewall-denies" : "ovn/network-policy-denies" };
      return go(sent);
    }
    case "icmp4":
    case "icmp6":
    case "icmp4_error":
    case "icmp6_error": {
      const answer = icmpPacket({ src: was.ip?.src ?? "", dst: was.ip?.dst ?? "" }, { icmpType: 3, code: 1, about: was });
      run.refusal = { reason: `${travel.datapath.row.name} answers with an ICMP error (${travel.flow?.stage ?? ""})`, origin: travel.flow?.origin ?? { object: travel.datapath.row.name } };
      return go({ ...answer, eth: was.eth });
    }
    case "arp":
    case "nd_ns": {
      const wanted = was.ip?.dst ?? "";
      return end(run, travel, "drop", `${travel.datapath.row.name} does not know the MAC address of the next hop for ${wanted} and asks for it; no neighbour is described`);
    }
    case "nd_na":
    case "nd_na_router":
      return;
    default:
      end(run, travel, "unknown", `action ${action.name} is not modelled`);
  }
}

/** The end of ingress: to the egress tables of each port the packet goes to, here or on another chassis. */
function output(run: OvnRun, travel: Travel): void {
  const { fields, datapath } = travel;
  const group = datapath.groups.get(fields.outport);
  if (group === undefined) return toPort(run, travel, fields.outport, fields);
  for (const name of group) {
    if (name === fields.inport && (fields.values.get("flags") ?? 0n) % 2n === 0n) continue;
    const copy = copyFields(fields);
    copy.outport = name;
    toPort(run, travel, name, copy);
  }
}

function toPort(run: OvnRun, travel: Travel, name: string, fields: Fields): void {
  const { datapath } = travel;
  const port = datapath.ports.get(name);
  if (port === undefined) return end(run, travel, "drop", name === "" ? "no output port was chosen" : `there is no port "${name}" in ${datapath.row.name}`);
  const loopback = (fields.values.get("flags") ?? 0n) % 2n === 1n;
  if (name === fields.inport && !loopback) return end(run, travel, "drop", `the packet would leave ${datapath.row.name} by the port it came in (${name})`);
  if (isElsewhere(run, port)) return tunnel(run, travel, port, fields);
  if (port.type === "" && port.chassis === undefined) return end(run, travel, "drop", `port ${name} is bound to no chassis`);
  fields.outport = port.type === "chassisredirect" ? (port.distributedPort ?? name) : name;
  const packet = writePacket(fields, travel.packet);
  clearRegisters(fields);
  travelFrom(run, datapath, fields, packet, "egress", travel.made);
}

/** The logical registers do not outlive the ingress tables. @see OVN 23.09, controller/physical.c physical_run, OFTABLE_CHECK_LOOPBACK */
function clearRegisters(fields: Fields): void {
  for (const register of ["xxreg0", "xxreg1", "xreg4"]) fields.values.delete(register);
}

const isElsewhere = (run: OvnRun, port: SbPort): boolean =>
  port.chassis !== undefined && port.chassis !== run.chassis && port.type !== "patch" && port.type !== "localport" && port.type !== "localnet";

function tunnel(run: OvnRun, travel: Travel, port: SbPort, fields: Fields): void {
  const remote = run.index.db.chassis.find(({ name }) => name === port.chassis);
  const here = run.index.db.chassis.find(({ name }) => name === run.chassis);
  if (remote === undefined) return end(run, travel, "drop", `chassis ${port.chassis ?? ""} of port ${port.name} has no tunnel`);
  const packet = writePacket(fields, travel.packet);
  const encap = { src: here?.ip ?? "", dst: remote.ip, vni: travel.datapath.row.key, ingressPort: travel.datapath.ports.get(fields.inport)?.key ?? 0, egressPort: port.key };
  run.exits.push({ type: "tunnel", port: port.name, packet: { ...packet, encap, bytes: packet.bytes + 58 }, made: travel.made });
}

/** A packet that arrives by tunnel goes straight to the egress tables of the port its key names. */
export function enterByTunnel(run: OvnRun, packet: Packet): void {
  const { encap } = packet;
  const datapath = encap === undefined ? undefined : run.index.byKey.get(encap.vni);
  if (encap === undefined || datapath === undefined) {
    run.ends.push({ type: "drop", reason: `no datapath has tunnel key ${encap?.vni ?? "–"}`, origin: { object: `chassis ${run.chassis}` } });
    return;
  }
  const inner: Packet = { ...packet, encap: undefined, bytes: packet.bytes - 58 };
  const fields = emptyFields(datapath.portsByKey.get(encap.ingressPort)?.name ?? "");
  readPacket(inner, fields);
  const group = datapath.groupsByKey.get(encap.egressPort);
  const ports = group === undefined ? [datapath.portsByKey.get(encap.egressPort)?.name] : (datapath.groups.get(group) ?? []);
  for (const name of ports) {
    const port = name === undefined ? undefined : datapath.ports.get(name);
    if (port === undefined || isElsewhere(run, port)) continue;
    const copy = copyFields(fields);
    copy.outport = port.type === "chassisredirect" ? (port.distributedPort ?? port.name) : port.name;
    travelFrom(run, datapath, copy, inner, "egress", false);
  }
  if (run.passes.length === 0) run.ends.push({ type: "drop", reason: `no local port of ${datapath.row.name} has tunnel key ${encap.egressPort}`, origin: { object: datapath.row.name } });
}

/** The end of egress: out of the logical network, or through a patch into the next datapath. */
function leave(run: OvnRun, travel: Travel): void {
  const { fields, datapath } = travel;
  const port = datapath.ports.get(fields.outport);
  const packet = current(travel);
  travel.pass.after = packet;
  if (port === undefined) return end(run, travel, "drop", `there is no port "${fields.outport}" in ${datapath.row.name}`);
  switch (port.type) {
    case "patch":
    case "l3gateway":
    case "router": {
      const peer = port.peer === undefined ? undefined : run.index.byPort.get(port.peer);
      if (peer === undefined || port.peer === undefined) return end(run, travel, "drop", `port ${port.name} has no peer`);
      return enter(run, peer, port.peer, packet, travel.made);
    }
    case "localnet":
      run.exits.push({ type: "localnet", port: port.name, packet, made: travel.made });
      return;
    default:
      run.exits.push({ type: "port", port: port.name, packet, made: travel.made });
  }
}
