import { trace, type TraceRequest, type TraceSession } from "../../src/trace/index.ts";

/** Length of what two texts begin with alike. */
function alike(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

/**
 * The trace that comes nearest to the one wanted, over all throws of the dice that ovn-trace rolls for backends.
 *
 * Throw after throw takes the face that keeps the text alike longest. `comparable` leaves out what may differ.
 */
export function nearestTrace(session: TraceSession, request: TraceRequest, wanted: string, comparable: (text: string) => string = (text) => text): string {
  const faces: number[] = [];
  let sides: number[] = [];
  const throwAll = (thrown: readonly number[]): string => {
    sides = [];
    return trace(session, { ...request, pick: (count) => (thrown[sides.push(count) - 1] ?? 0) % count });
  };
  const goal = comparable(wanted);
  let text = throwAll(faces);
  for (let at = 0; at < sides.length && comparable(text) !== goal; at++) {
    const tried = Array.from({ length: sides[at] ?? 1 }, (_, face) => ({ face, length: alike(comparable(throwAll([...faces, face])), goal) }));
    faces.push(tried.reduce((best, one) => (one.length > best.length ? one : best)).face);
    text = throwAll(faces);
  }
  return text;
}
