import type { SidecarOptions } from "./options.ts";

/** A list as istio-iptables reads it: blanks and empty entries do not count. @internal */
export const split = (list: string): readonly string[] => list.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");

/** The owner matches of groups that are not captured: one rule each, or one rule for all that are not among those included. @internal */
export function ownerGroupWords(options: SidecarOptions): readonly (readonly string[])[] {
  if (options.ownerGroupsInclude === "*") return split(options.ownerGroupsExclude).map((group) => ["-m", "owner", "--gid-owner", group]);
  return [split(options.ownerGroupsInclude).flatMap((group) => ["-m", "owner", "!", "--gid-owner", group])];
}
