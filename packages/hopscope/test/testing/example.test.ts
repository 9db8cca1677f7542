import fc from "fast-check";
import { buildNetwork, simulate } from "hopscope";
import { arbitraryQuestion, arbitrarySnapshot } from "hopscope/testing";
import { it } from "vitest";

const asked = arbitrarySnapshot({ mesh: false }).chain(({ snapshot, yaml }) => arbitraryQuestion(snapshot).map((question) => ({ snapshot, question, yaml })));

it("every leg that fails says why", () => {
  fc.assert(
    fc.property(asked, ({ snapshot, question }) => {
      const { legs } = simulate(buildNetwork(snapshot, { compile: "when needed" }), question);
      return legs.every(({ outcome, ended }) => outcome === "accepted" || ended !== undefined);
    }),
    { numRuns: 10 },
  );
});
