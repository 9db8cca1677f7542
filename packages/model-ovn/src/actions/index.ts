export type {
  Action, ActionAddress, ActionBackend, ActionOf, ActionOption, LogSeverity, Masked, NatZone, NestedActionType, Pipeline, Place, PlainActionType, ResultActionType, TransportName,
} from "./action.ts";
export { DHCP_OPTIONS, type DhcpOptions, type OptionFacts, type OptionTable } from "./options.ts";
export { parseActions, type ParsedActions } from "./parse.ts";
export type { ActionContext } from "./parsing.ts";
export { printAction, printActions } from "./print.ts";
