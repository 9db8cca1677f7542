import type { Dhcp } from "@hopscope/core";
import type { ActionOption } from "../../actions/action.ts";
import type { Constant } from "../../expr/expression.ts";
import { printAddress } from "../../kubernetes/address.ts";
import type { ActionOf, Site } from "../mode.ts";
import { macText } from "../format-value.ts";
import type { Registers } from "../registers.ts";
import { carriedOf, caveat, decide, packetOf, placeOf, type RealContext, take } from "./run.ts";

type PutOptions = ActionOf<"put_dhcp_opts" | "put_dhcpv6_opts">;

/** What a server says to a message; nothing to those that it only takes note of. */
const REPLIES: Readonly<Partial<Record<Dhcp["message"], Dhcp["message"]>>> = {
  discover: "offer", request: "ack", inform: "ack", solicit: "advertise", confirm: "reply", decline: "reply", "information-request": "reply",
};
/** A client that has its address needs none of these. */
const LEASE: ReadonlySet<string> = new Set(["netmask", "lease_time", "T1", "T2"]);

function constantText(constant: Constant): string {
  if (constant.type === "string") return constant.text;
  const { value, format } = constant;
  if (format === "ipv4" || format === "ipv6") return printAddress({ family: format === "ipv4" ? 4 : 6, value });
  return format === "ethernet" ? macText(value) : value.toString();
}
const textOf = ({ values }: ActionOption): string => values.map(constantText).join(", ");

/**
 * `put_dhcp_opts` and `put_dhcpv6_opts`: makes a client's message the server's answer; false where there is none.
 *
 * @see OVN 23.09, controller/pinctrl.c pinctrl_handle_put_dhcp_opts, pinctrl_handle_put_dhcpv6_opts
 */
export function answerDhcp(context: RealContext, site: Site, regs: Registers, { type, options }: PutOptions): boolean {
  const { dhcp } = carriedOf(context, regs).base;
  if (dhcp === undefined) {
    caveat(context, site, { code: "ovn/dhcp-answer", problem: `${placeOf(site.table.datapath)} answers DHCP itself; this packet holds no DHCP message, so it is taken to go on` });
    return false;
  }
  const four = type === "put_dhcp_opts";
  const offered = options.find(({ name }) => name === (four ? "offerip" : "ia_addr"));
  const yours = offered === undefined ? undefined : textOf(offered);
  const message = answerTo(dhcp, four, yours);
  if (message === undefined) return false;
  const given = options.filter((one) => one !== offered && !(dhcp.message === "inform" && LEASE.has(one.name)));
  const answer: Dhcp = {
    message, client: dhcp.client, options: message === "nak" ? {} : Object.fromEntries(given.map((one) => [one.name, textOf(one)])),
    ...(message === "nak" || dhcp.message === "inform" || yours === undefined ? {} : { yours }),
  };
  take(context, regs, { ...packetOf(context, regs), dhcp: answer });
  decide(context, site, { table: "DHCP", rule: `${dhcp.message} of ${dhcp.client}`, verdict: `${message}${answer.yours === undefined ? "" : ` ${answer.yours}`}` });
  return true;
}

function answerTo({ message, requested }: Dhcp, four: boolean, yours: string | undefined): Dhcp["message"] | undefined {
  if (!four) return message === "request" ? "reply" : ["solicit", "confirm", "decline", "information-request"].includes(message) ? REPLIES[message] : undefined;
  if (message === "request" && requested !== undefined && requested !== yours) return "nak";
  return ["discover", "request", "inform"].includes(message) ? REPLIES[message] : undefined;
}
