/** Where the hash of some words begins. */
export const hashStart = 0x2545f491;

/** The hash with one word more. */
export const hashStep = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};
