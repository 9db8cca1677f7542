import type { SbMacBinding } from "../southbound.ts";
import type { OvnVersion } from "./stage.ts";

/** A chassis of the zone or, when `remote`, of another one. */
export interface ChassisInput {
  /** The chassis' own id, as Gateway_Chassis and `options:chassis` name it. */
  readonly name: string;
  readonly hostname: string;
  /** Where its tunnel ends. */
  readonly ip: string;
  readonly remote?: boolean;
}

/** What northd needs to know besides the Northbound rows. */
export interface NorthdOptions {
  readonly version: OvnVersion;
  readonly chassis: readonly ChassisInput[];
  /** The chassis have conntrack masks on ct_mark (OVN 22.03 and newer); true when absent. */
  readonly ctNoMaskedLabel?: boolean;
  /** The chassis can translate related packets; true when absent. */
  readonly ctLbRelated?: boolean;
  /** Neighbours that chassis have learned; the configured ones are added by northd. */
  readonly macBindings?: readonly SbMacBinding[];
}
