export { arbitraryExpression, type ExpressionOptions } from "./expression-arbitrary.ts";
export { type ActionsOptions, arbitraryActions } from "./actions-arbitrary.ts";
