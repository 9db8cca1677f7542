export { arbitraryExpression, type ExpressionOptions } from "./expression-arbitrary.ts";
