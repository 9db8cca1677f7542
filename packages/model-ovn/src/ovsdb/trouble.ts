/**
 * Thrown inside the readers for a database that is wrong; whoever knows the place turns it into a diagnostic.
 *
 * @internal
 */
export class Trouble extends Error {
  /** Bytes from the start of the text that was being read. */
  readonly at: number;
  readonly code: TroubleCode;
  constructor(problem: string, at = 0, code: TroubleCode = "ovsdb/content") {
    super(problem);
    this.name = "Trouble";
    this.at = at;
    this.code = code;
  }
}

/** What can be wrong with a database file. */
export type TroubleCode =
  | "ovsdb/content" | "ovsdb/format-unknown" | "ovsdb/json-syntax" | "ovsdb/log-order" | "ovsdb/no-data" | "ovsdb/record-checksum"
  | "ovsdb/record-header" | "ovsdb/record-torn" | "ovsdb/reference" | "ovsdb/schema" | "ovsdb/value-type";
