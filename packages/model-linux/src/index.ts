export * from "./address/cidr.ts";
export * from "./netfilter/ruleset.ts";
export { parseRuleset, type ParsedRuleset, type ParseOptions } from "./netfilter/parse.ts";
export { printRule, printRuleset } from "./netfilter/print.ts";
export { traverse, type Hook, type Traversed, type Verdict } from "./netfilter/traverse.ts";
export type { HookView, HostView, Matched } from "./netfilter/matches.ts";
export type { Flow, NamespaceState, NetworkInterface, NetworkNamespace, Route, RoutingRule, Socket } from "./namespace/namespace.ts";
export { CLIENT_SOCKET, LOCAL, namespaceStage } from "./namespace/stage.ts";
export { KERNEL } from "./namespace/receive.ts";
