/** Kinds of tokens, as small numbers because the parsers compare them for every token of every flow. */
export const T = {
  end: 0, error: 1, id: 2, string: 3, integer: 4, masked: 5, set: 6, group: 7, template: 8,
  lparen: 9, rparen: 10, lcurly: 11, rcurly: 12, lsquare: 13, rsquare: 14,
  eq: 15, ne: 16, lt: 17, le: 18, gt: 19, ge: 20, not: 21, and: 22, or: 23,
  ellipsis: 24, comma: 25, semicolon: 26, equals: 27, exchange: 28, decrement: 29, colon: 30, hyphen: 31,
} as const;

/** The text of a token that has only one, by kind. */
export const SIGNS: readonly string[] = ["$", "", "", "", "", "", "", "", "", "(", ")", "{", "}", "[", "]", "==", "!=", "<", "<=", ">", ">=", "!", "&&", "||", "..", ",", ";", "=", "<->", "--", ":", "-"];
