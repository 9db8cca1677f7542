import type { Registers } from "./registers.ts";

/**
 * A condition on registers, compiled from a match: words, masks and values, no names.
 *
 * Values are signed, as the result of `&` is.
 */
export type Test =
  | { readonly op: "constant"; readonly value: boolean }
  | { readonly op: "bits"; readonly word: number; readonly mask: number; readonly value: number }
  | { readonly op: "not-bits"; readonly word: number; readonly mask: number; readonly value: number }
  /** The masked word is among many. */
  | { readonly op: "among"; readonly word: number; readonly mask: number; readonly values: ReadonlySet<number> }
  | { readonly op: "and" | "or"; readonly of: readonly Test[] }
  /** A comparison of numbers, most significant word first; `test` says which of less, equal and greater hold. */
  | { readonly op: "order"; readonly word: number; readonly masks: readonly number[]; readonly values: readonly number[]; readonly less: boolean; readonly equal: boolean; readonly greater: boolean };

export const TRUE: Test = { op: "constant", value: true };
export const FALSE: Test = { op: "constant", value: false };

/** Whether registers pass a test. */
export function passes(test: Test, regs: Registers): boolean {
  switch (test.op) {
    case "constant":
      return test.value;
    case "bits":
      return ((regs[test.word] as number) & test.mask) === test.value;
    case "not-bits":
      return ((regs[test.word] as number) & test.mask) !== test.value;
    case "among":
      return test.values.has((regs[test.word] as number) & test.mask);
    case "and":
      for (const one of test.of) if (!passes(one, regs)) return false;
      return true;
    case "or":
      for (const one of test.of) if (passes(one, regs)) return true;
      return false;
    case "order": {
      for (let at = 0; at < test.masks.length; at++) {
        const have = ((regs[test.word + at] as number) & (test.masks[at] as number)) >>> 0;
        const want = (test.values[at] as number) >>> 0;
        if (have !== want) return have < want ? test.less : test.greater;
      }
      return test.equal;
    }
  }
}

/** All of some tests: constants folded, nested lists opened, repetitions of single-word tests dropped. */
export function all(tests: readonly Test[]): Test {
  const of: Test[] = [];
  for (const test of tests) {
    if (test.op === "and") for (const one of test.of) addTo(of, one);
    else if (test.op !== "constant") addTo(of, test);
    else if (!test.value) return FALSE;
  }
  return of.length === 0 ? TRUE : of.length === 1 ? (of[0] as Test) : { op: "and", of };
}

function addTo(of: Test[], test: Test): void {
  if (test.op === "bits") {
    const { word, mask, value } = test;
    for (const one of of) if (one === test || (one.op === "bits" && one.word === word && one.mask === mask && one.value === value)) return;
  } else if (of.includes(test)) return;
  of.push(test);
}

/** Any of some tests. */
export function any(tests: readonly Test[]): Test {
  const of: Test[] = [];
  for (const test of tests) {
    if (test.op === "constant") {
      if (test.value) return TRUE;
    } else if (test.op === "or") of.push(...test.of);
    else of.push(test);
  }
  return of.length === 0 ? FALSE : of.length === 1 ? (of[0] as Test) : { op: "or", of };
}

/** What holds where a test does not. */
export function not(test: Test): Test {
  switch (test.op) {
    case "constant":
      return test.value ? FALSE : TRUE;
    case "bits":
      return { ...test, op: "not-bits" };
    case "not-bits":
      return { ...test, op: "bits" };
    case "among":
      return all([...test.values].map((value): Test => ({ op: "not-bits", word: test.word, mask: test.mask, value })));
    case "and":
      return any(test.of.map(not));
    case "or":
      return all(test.of.map(not));
    case "order":
      return { ...test, less: !test.less, equal: !test.equal, greater: !test.greater };
  }
}
