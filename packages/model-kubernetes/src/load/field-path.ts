/** One step of a field path: a key of an object or an index of an array. */
export type PathStep = string | number;

/** Splits a field path (`spec.http[0].match`, `metadata.annotations["a.b/c"]`) into steps. */
export function parseFieldPath(path: string): readonly PathStep[] {
  const steps: PathStep[] = [];
  const pattern = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g;
  for (const match of path.matchAll(pattern)) {
    if (match[1] !== undefined) steps.push(Number(match[1]));
    else if (match[2] !== undefined) steps.push(match[2].replace(/\\(.)/g, "$1"));
    else if (match[3] !== undefined) steps.push(match[3]);
  }
  return steps;
}

/** Prints steps as a field path; keys that are no plain words are quoted. */
export function printFieldPath(steps: readonly PathStep[]): string {
  let text = "";
  for (const step of steps) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$-]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
