import { EVENT } from "../pipeline/recorder.ts";
import type { TraceTree } from "./tree.ts";

const holders = EVENT.pipeline | EVENT.table | EVENT.transformation;
const titles = EVENT.pipeline | EVENT.transformation;

const spaces: string[] = [];
const indent = (level: number): string => (spaces[level] ??= " ".repeat(level * 4));

const utf8 = new TextEncoder();
// eslint-disable-next-line no-control-regex
const byteLength = (text: string): number => (/^[\x00-\x7f]*$/.test(text) ? text.length : utf8.encode(text).length);

/** Walks the nodes of a tree, however deep: `enter` says at which level a node's children stand, `leave` is called after them. */
function walk(tree: TraceTree, enter: (node: number, level: number) => number, leave?: (node: number, level: number) => void): void {
  const open: { readonly node: number; readonly level: number }[] = [];
  let node = tree.firstChild[0] as number;
  let level = 0;
  for (;;) {
    if (node !== 0) {
      const inside = enter(node, level);
      const child = tree.firstChild[node] as number;
      if (child !== 0 && inside >= 0) {
        open.push({ node, level });
        node = child;
        level = inside;
        continue;
      }
      if (inside >= 0) leave?.(node, level);
      node = tree.next[node] as number;
      continue;
    }
    const above = open.pop();
    if (above === undefined) return;
    ({ level } = above);
    leave?.(above.node, level);
    node = tree.next[above.node] as number;
  }
}

/** The table-by-table form. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_print_details */
export function printDetailed(tree: TraceTree): string {
  let out = "";
  walk(tree, (node, level) => {
    const kind = tree.kinds[node] as number;
    if (kind === EVENT.modify) return -1;
    const more = tree.next[node] !== 0 || (kind & holders) === 0 || tree.indented.has(node) ? 1 : 0;
    const text = tree.texts[node] as string;
    const left = indent(level + more);
    if ((kind & titles) === 0) out += `${left}${text}\n`;
    else out += `\n${left}${text}\n${left}${"-".repeat(byteLength(text))}\n`;
    return level + more + more;
  });
  return out;
}

/** The form without tables; `hidden` kinds give their place to what they hold. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_print_summary */
function printNested(tree: TraceTree, hidden: number): string {
  let out = "";
  const shown = shownInside(tree, hidden);
  walk(tree, (node, level) => {
    const kind = tree.kinds[node] as number;
    if ((kind & hidden) !== 0) return level;
    const text = tree.texts[node] as string;
    if (kind === EVENT.action && text.startsWith("next(")) return -1;
    out += shown[node] === 1 ? `${indent(level)}${text} {\n` : indent(level) + text;
    return level + 1;
  }, (node, level) => {
    const kind = tree.kinds[node] as number;
    if ((kind & hidden) !== 0) return;
    if (shown[node] === 1) out += `${indent(level)}}`;
    out += kind === EVENT.action ? "\n" : ";\n";
  });
  return out;
}

/** Nodes that hold, however deep, one that is shown. Children have greater numbers than their parents. */
function shownInside(tree: TraceTree, hidden: number): Uint8Array {
  const shown = new Uint8Array(tree.count);
  for (let node = tree.count - 1; node > 0; node--) {
    if (((tree.kinds[node] as number) & hidden) === 0 || shown[node] === 1) shown[tree.parent[node] as number] = 1;
  }
  return shown;
}

export const printSummary = (tree: TraceTree): string => printNested(tree, EVENT.modify | EVENT.table);

/** The form that shows only what the outside world sees. @see OVN 23.09, utilities/ovn-trace.c ovntrace_node_prune_hard */
export const printMinimal = (tree: TraceTree): string => printNested(tree, EVENT.action | EVENT.pipeline | EVENT.table | EVENT.output);
