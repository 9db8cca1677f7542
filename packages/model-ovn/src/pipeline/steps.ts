import type { Action, Pipeline } from "../actions/action.ts";
import type { FieldRange } from "../expr/expression.ts";
import { type Prerequisite } from "./registers.ts";
import { constantWords, type Span, spanOf } from "./ranges.ts";

/**
 * An action made ready to run: spans instead of names, words and masks instead of numbers of any size.
 *
 * What only a mode can do is `ask`; the action itself says what.
 */
export type Step =
  | { readonly do: "next"; readonly action: Action; readonly pipeline: Pipeline; readonly table: number }
  | { readonly do: "load"; readonly action: Action; readonly span: Span; readonly needs: Prerequisite; readonly words: readonly { readonly word: number; readonly mask: number; readonly value: number }[] }
  | { readonly do: "load-port"; readonly action: Action; readonly word: number; readonly name: string }
  | { readonly do: "move"; readonly action: Action; readonly to: Span; readonly from: Span; readonly target: FieldRange }
  | { readonly do: "exchange"; readonly action: Action; readonly left: Span; readonly right: Span; readonly targets: readonly [FieldRange, FieldRange] }
  | { readonly do: "push" | "pop"; readonly action: Action; readonly span: Span; readonly field: FieldRange }
  | { readonly do: "nested"; readonly action: Action; readonly actions: readonly Action[] }
  | { readonly do: "ask"; readonly action: Action };

const span = (range: FieldRange): Span => spanOf(range) ?? raise(range);
const raise = (range: FieldRange): never => {
  throw new Error(`no place for field ${range.symbol.name}`);
};

function stepOf(action: Action): Step {
  switch (action.type) {
    case "next":
      return { do: "next", action, pipeline: action.to.pipeline, table: action.to.table };
    case "load": {
      const to = span(action.to);
      if (action.value.type === "string") return { do: "load-port", action, word: to.place.word, name: action.value.text };
      const full = (1n << BigInt(to.width)) - 1n;
      return { do: "load", action, span: to, needs: to.place.prerequisite, words: constantWords(to, action.value.value & full, (action.value.mask ?? full) & full, ) };
    }
    case "move":
      return { do: "move", action, to: span(action.to), from: span(action.from), target: action.to };
    case "exchange":
      return { do: "exchange", action, left: span(action.left), right: span(action.right), targets: [action.left, action.right] };
    case "push":
    case "pop":
      return { do: action.type, action, span: span(action.field), field: action.field };
    case "clone":
      return { do: "nested", action, actions: action.actions };
    default:
      return { do: "ask", action };
  }
}

const known = new WeakMap<readonly Action[], readonly Step[]>();

/** The steps of a list of actions; made once. */
export function stepsOf(actions: readonly Action[]): readonly Step[] {
  const found = known.get(actions);
  if (found !== undefined) return found;
  const made = actions.map(stepOf);
  known.set(actions, made);
  return made;
}
