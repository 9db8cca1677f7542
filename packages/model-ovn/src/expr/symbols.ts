/** How much a field's values can be compared: not at all but for equality, as truth values, or as numbers. */
export type Level = "nominal" | "boolean" | "ordinal";

/** Where an action may write a field: nowhere, among ordinary actions, inside `ct_commit { }`, or anywhere. */
export type Writable = "no" | "actions" | "ct_commit" | "anywhere";

/** A numeric field of the match language; a subfield names the bits of its parent that it stands for. */
export interface FieldSymbol {
  readonly type: "field";
  readonly name: string;
  /** Name of the whole field that the bits belong to; its own name where it is no subfield. */
  readonly base: string;
  /** First bit within `base`, counted from the least significant. */
  readonly low: number;
  readonly width: number;
  /** Text of the expression that must hold for the field to exist. */
  readonly needs?: string;
  readonly level: Level;
  readonly writable: Writable;
  /** The field of which this is a subfield. */
  readonly parent?: FieldSymbol;
  /** OpenFlow's name of a whole field; fields of equal name share their bits, such as `arp.op` and `rarp.op`. */
  readonly oxm?: string;
  /** A disjunction over the field is multiplied out on normalisation instead of becoming a conjunctive match. */
  readonly crossproduct: boolean;
}

/** A field whose values are names of logical ports. */
export interface StringSymbol {
  readonly type: "string";
  readonly name: "inport" | "outport";
  readonly level: "nominal";
  readonly writable: "actions";
  readonly oxm: string;
}

/** A name for an expression. */
export interface PredicateSymbol {
  readonly type: "predicate";
  readonly name: string;
  /** Text of the expression it stands for. */
  readonly means: string;
  /** That of the most restricted field in the expression; a nominal predicate may only be tested positively. */
  readonly level: "nominal" | "boolean";
}

export type OvnSymbol = FieldSymbol | StringSymbol | PredicateSymbol;

/** The symbols of one release, by name. */
export type SymbolTable = ReadonlyMap<string, OvnSymbol>;
