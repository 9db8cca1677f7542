import type { Pipeline } from "../actions/action.ts";
import type { ActionOf } from "../pipeline/mode.ts";
import type { Registers } from "../pipeline/registers.ts";
import { formatFlow } from "./flow-format.ts";

/** What an ACL would log. @see OVN 23.09, utilities/ovn-trace.c execute_log */
export function logVerdict({ name, verdict, severity }: ActionOf<"log">, pipeline: Pipeline, regs: Registers): string {
  return `LOG: ACL name=${name ?? "<unnamed>"}, direction=${pipeline === "ingress" ? "IN" : "OUT"}, verdict=${verdict}, severity=${severity}, packet="${formatFlow(regs)}"`;
}
