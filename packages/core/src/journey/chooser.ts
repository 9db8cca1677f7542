import type { Caveat } from "../diagnostic.ts";
import { randomFrom } from "../latency/monte-carlo.ts";
import type { Alternative, Choose } from "../network/stage.ts";
import type { Choice } from "./journey.ts";

/** What decides at load-balancing points: the likeliest, a seeded draw, a named backend, or every way in turn. */
export type ChoosePolicy =
  | { readonly type: "likeliest" }
  | { readonly type: "all" }
  | { readonly type: "seed"; readonly seed: number }
  | { readonly type: "named"; readonly name: string };

export interface Chooser {
  readonly choose: Choose;
  /** For look-ups on the side, such as which DNS server is asked: `all` does not follow their ways one by one. */
  readonly aside: Choose;
  readonly made: Choice[];
  /** For `all`: how many alternatives each choice had, with the index taken. */
  readonly taken: { index: number; of: number }[];
  caveats(): readonly Caveat[];
}

/** Makes the choices of one run. `prefix` fixes the first choices (used to enumerate all ways). */
export function chooserFor(policy: ChoosePolicy, prefix: readonly number[] = []): Chooser {
  const random = policy.type === "seed" ? randomFrom(policy.seed) : undefined;
  const made: Choice[] = [];
  const taken: { index: number; of: number }[] = [];
  let offered = false;
  const pick = (among: readonly Alternative[]): number => {
    const fixed = prefix[taken.length];
    if (fixed !== undefined) return fixed;
    if (policy.type === "all") return among.findIndex(({ weight }) => weight > 0);
    if (random !== undefined) return drawn(among, random());
    if (policy.type === "named") {
      const found = among.findIndex(({ name }) => name === policy.name || name.split(":").includes(policy.name));
      const loose = found === -1 ? among.findIndex(({ name }) => name.includes(policy.name)) : found;
      if (loose !== -1) {
        offered = true;
        return loose;
      }
    }
    return heaviest(among);
  };
  const choose: Choose = (point, among, origin) => {
    if (among.length === 0) throw new RangeError(`choose at "${point}": no alternatives`);
    const index = Math.max(0, pick(among));
    const alternative = among[index] ?? among[0];
    if (among.length > 1 && alternative !== undefined) made.push({ point, taken: alternative.name, probability: alternative.weight, origin });
    taken.push({ index, of: among.length });
    return index;
  };
  return {
    made,
    taken,
    choose,
    aside: policy.type === "all" ? (_point, among) => heaviest(among) : choose,
    caveats: () =>
      policy.type === "named" && !offered
        ? [{ code: "choose/backend-not-offered", problem: `no load-balancing point offered "${policy.name}"; the likeliest alternatives were taken` }]
        : [],
  };
}

function heaviest(among: readonly Alternative[]): number {
  let best = 0;
  among.forEach(({ weight }, index) => {
    if (weight > (among[best]?.weight ?? 0)) best = index;
  });
  return best;
}

function drawn(among: readonly Alternative[], at: number): number {
  let sum = 0;
  for (const [index, { weight }] of among.entries()) {
    sum += weight;
    if (at < sum) return index;
  }
  return heaviest(among);
}

/** The next prefix in depth-first order after a run of `all`, or undefined when every way was taken. */
export function nextPrefix(taken: readonly { readonly index: number; readonly of: number }[]): readonly number[] | undefined {
  for (let depth = taken.length - 1; depth >= 0; depth--) {
    const { index, of } = taken[depth] ?? { index: 0, of: 0 };
    if (index + 1 < of) return [...taken.slice(0, depth).map((choice) => choice.index), index + 1];
  }
  return undefined;
}
