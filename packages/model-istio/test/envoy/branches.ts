import type { Choose } from "@hopscope/core";

/** Runs a function once for every way its choices can go, with the probability of each way. */
export function allBranches<Result>(run: (choose: Choose) => Result): readonly { readonly probability: number; readonly result: Result }[] {
  const results: { probability: number; result: Result }[] = [];
  const open: (readonly number[])[] = [[]];
  for (let script = open.pop(); script !== undefined; script = open.pop()) {
    const taken: number[] = [];
    let probability = 1;
    const planned = script;
    const choose: Choose = (_point, among) => {
      const at = taken.length;
      const index = planned[at] ?? 0;
      if (at >= planned.length) for (let other = among.length - 1; other > 0; other--) open.push([...taken, other]);
      taken.push(index);
      probability *= among[index]?.weight ?? 0;
      return index;
    };
    const result = run(choose);
    results.push({ probability, result });
    if (results.length > 5000) throw new Error("too many branches");
  }
  return results;
}
