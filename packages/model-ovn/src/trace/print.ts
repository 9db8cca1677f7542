import { EVENT } from "../pipeline/recorder.ts";
import type { TraceTree } from "./tree.ts";

const holders = EVENT.pipeline | EVENT.table | EVENT.transformation;
const titles = EVENT.pipeline | EVENT.transformation;

const spaces: string[] = [];
const indent = (level: number): string => (spaces[level] ??= " ".repeat(level * 4));

const utf8 = new TextEncoder();
// eslint-disable-next-line no-control-regex
const byteLength = (text: string): number => (/^[\x00-\x7f]*$/.test(text) ? text.length : utf8.encode(text).length);

/** The table-by-table form. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_print_details */
export function printDetailed(tree: TraceTree): string {
  const out: string[] = [];
  const print = (first: number, level: number): void => {
    for (let node = first; node !== 0; node = tree.next[node] as number) {
      const kind = tree.kinds[node] as number;
      if (kind === EVENT.modify) continue;
      const more = tree.next[node] !== 0 || (kind & holders) === 0 || tree.indented.has(node) ? 1 : 0;
      const text = tree.texts[node] as string;
      const title = (kind & titles) !== 0;
      const left = indent(level + more);
      if (title) out.push("\n");
      out.push(left, text, "\n");
      if (title) out.push(left, "-".repeat(byteLength(text)), "\n");
      print(tree.firstChild[node] as number, level + more + more);
    }
  };
  print(tree.firstChild[0] as number, 0);
  return out.join("");
}

/** The form without tables; `hidden` kinds give their place to what they hold. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_print_summary */
function printNested(tree: TraceTree, hidden: number): string {
  const out: string[] = [];
  const shows = (first: number): boolean => {
    for (let node = first; node !== 0; node = tree.next[node] as number) {
      if (((tree.kinds[node] as number) & hidden) === 0 || shows(tree.firstChild[node] as number)) return true;
    }
    return false;
  };
  const print = (first: number, level: number): void => {
    for (let node = first; node !== 0; node = tree.next[node] as number) {
      const kind = tree.kinds[node] as number;
      const children = tree.firstChild[node] as number;
      if ((kind & hidden) !== 0) {
        print(children, level);
        continue;
      }
      const text = tree.texts[node] as string;
      if (kind === EVENT.action && text.startsWith("next(")) continue;
      out.push(indent(level), text);
      if (children !== 0 && shows(children)) {
        out.push(" {\n");
        print(children, level + 1);
        out.push(indent(level), "}");
      }
      out.push(kind === EVENT.action ? "\n" : ";\n");
    }
  };
  print(tree.firstChild[0] as number, 0);
  return out.join("");
}

export const printSummary = (tree: TraceTree): string => printNested(tree, EVENT.modify | EVENT.table);

/** The form that shows only what the outside world sees. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_prune_hard */
export const printMinimal = (tree: TraceTree): string => printNested(tree, EVENT.action | EVENT.pipeline | EVENT.table | EVENT.output);
