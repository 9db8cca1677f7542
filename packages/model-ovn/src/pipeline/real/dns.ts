import type { Site } from "../mode.ts";
import type { Registers } from "../registers.ts";
import { carriedOf, caveat, decide, packetOf, placeOf, type RealContext, take } from "./run.ts";

const familyOf = (text: string): "A" | "AAAA" => (text.includes(":") ? "AAAA" : "A");

/**
 * `dns_lookup`: makes a question about a name that the datapath knows the answer to it; false where it does not know.
 *
 * @see OVN 23.09, controller/pinctrl.c pinctrl_handle_dns_lookup
 */
export function answerName(context: RealContext, site: Site, regs: Registers): boolean {
  const { datapath } = site.table;
  const rows = context.chassis.db.dns.filter(({ datapaths }) => datapaths.includes(datapath.row.uuid));
  const question = carriedOf(context, regs).base.dns;
  if (rows.length === 0 || question?.answers !== undefined) return false;
  if (question === undefined) {
    caveat(context, site, { code: "ovn/dns-records", problem: `${placeOf(datapath)} answers some names itself; this packet does not say which name it asks for, so it is taken to go on` });
    return false;
  }
  const { name, recordType } = question;
  const record = rows.map(({ records }) => records[name.toLowerCase().replace(/\.$/, "")]).find((one) => one !== undefined);
  if (record === undefined) return false;
  const entries = record.split(/[\s,]+/).filter((text) => text !== "");
  const answers = recordType === "PTR" || recordType === "ANY" ? entries : entries.filter((text) => familyOf(text) === recordType);
  if (answers.length === 0) return false;
  take(context, regs, { ...packetOf(context, regs), dns: { ...question, answers } });
  decide(context, site, { table: "DNS", rule: `${name} ${recordType}`, verdict: answers.join(", ") });
  return true;
}
