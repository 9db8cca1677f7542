import { quote } from "../expr/quoted.ts";
import type { Datapath, Machine, Port } from "../pipeline/machine.ts";

const UUID = /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** A text without the blanks and comments at its end: the program loses them when it puts names in. */
function trimmed(text: string): string {
  let end = text.trimEnd();
  while (end.endsWith("*/")) {
    const begin = end.lastIndexOf("/*");
    if (begin === -1) break;
    end = end.slice(0, begin).trimEnd();
  }
  return end;
}

/** A name as people read it: a uuid at its end is cut to six digits. */
const shorten = (name: string): string => (UUID.test(name) ? name.slice(0, -30) : name);

/** How datapaths and ports are called in a trace. */
export interface Names {
  datapath(datapath: Datapath): string;
  port(port: Port): string;
  /** Text of a match or action with the ports' friendly names. */
  inText(text: string): string;
}

/**
 * Names for traces: friendly ones, or those of the database.
 *
 * @see OVN 23.09, utilities/ovn-trace.c ovntrace_make_names_friendly, shorten_uuid
 */
export function namesOf(machine: Machine, friendly: boolean): Names {
  if (!friendly) return { datapath: ({ row }) => row.nbUuid, port: ({ name }) => name, inText: (text) => text };
  const port = (one: Port): string => (one.label ??= shorten(one.row.externalIds["name"] ?? one.name));
  const renamed = new Map([...machine.ports.values()].flatMap((one) => (port(one) === one.name ? [] : [[one.name, port(one)] as const])));
  return {
    datapath: (one) => (one.label ??= shorten(one.row.name2 ?? one.row.name)),
    port,
    inText: (text) => trimmed(renamed.size === 0 || !text.includes('"') ? text : text.replace(/"((?:[^"\\]|\\.)*)"/g, (whole, name: string) => {
      const other = renamed.get(name);
      return other === undefined ? whole : quote(other);
    })),
  };
}
