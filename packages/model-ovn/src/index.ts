export * from "./kubernetes/index.ts";
export * from "./node/index.ts";
export * from "./northbound.ts";
export { emptyNorthbound, northboundRow } from "./northbound-row.ts";
export * from "./northd/index.ts";
export * from "./southbound-row.ts";
export * from "./southbound.ts";
export { chassisStage, localnetPort, TUNNEL, type ChassisOptions, type ChassisState } from "./pipeline/chassis-stage.ts";
export { type NodeFacts, nodeFacts } from "./kubernetes/node-facts.ts";
export { type PodFacts, podFacts, portOfPod } from "./kubernetes/pod-facts.ts";
export { resolveConfig } from "./kubernetes/options.ts";
export * from "./ovsdb/index.ts";
export * from "./trace/index.ts";
export {
  addressConstants, annotate, type Expression, type ExpressionSets, expandTemplates, type FieldRange, type FieldSymbol, type IntegerConstant, normalize, OvnSyntaxError, type OvnSymbol, parseExpression,
  type PredicateSymbol, printExpression, printSymbolTable, simplify, type StringSymbol, symbolTable, type SymbolTable,
} from "./expr/index.ts";
export { type Action, type ActionContext, parseActions, type ParsedActions, printAction, printActions } from "./actions/index.ts";
