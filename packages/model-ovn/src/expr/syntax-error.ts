/**
 * Thrown for text that is not of OVN's match and action language.
 *
 * `problem` is the sentence that the real program says; the message puts the place before it.
 *
 * @example
 * try { parseExpression("ip4 &") } catch (error) { (error as OvnSyntaxError).message }
 * // "column 5: `&' is only valid as part of `&&'."
 */
export class OvnSyntaxError extends Error {
  readonly problem: string;
  /** Offset in the text of the first character that does not fit. */
  readonly at: number;
  constructor(problem: string, at: number) {
    super(`column ${at + 1}: ${problem}`);
    this.name = "OvnSyntaxError";
    this.problem = problem;
    this.at = at;
  }
}
