import fc from "fast-check";

/** Texts near to given ones: with pieces taken out, put in twice, or replaced by others of the language. */
export function mangled(text: fc.Arbitrary<string>, pieces: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({ at: fc.nat({ max: 60 }), kind: fc.constantFrom("drop", "double", "put", "swap"), piece: fc.constantFrom(...pieces) });
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([whole, edits]) => {
    const words = whole.match(/[A-Za-z_0-9.:/]+|"[^"]*"|[^\sA-Za-z_0-9.:/"]|\s+/g) ?? [];
    for (const { at, kind, piece } of edits) {
      const index = words.length === 0 ? 0 : at % words.length;
      if (kind === "drop") words.splice(index, 1);
      else if (kind === "double") words.splice(index, 0, words[index] ?? piece);
      else if (kind === "put") words.splice(index, 0, piece);
      else words[index] = piece;
    }
    return words.join("");
  });
}
