import { defineConfig } from "vitest/config";

const conditions = ["@hopscope/source"];
const suite = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include },
});

/** Unit and property tests run everywhere; `corpora` and `oracle` need what their titles say and tell when they skip. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions: [...conditions, "node", "import", "default"] } },
  test: {
    isolate: false,
    testTimeout: 30_000,
    projects: [
      suite("unit", ["packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"]),
      suite("corpora", ["packages/*/test/**/*.corpora.ts"]),
      suite("oracle", ["packages/*/test/**/*.oracle.ts"]),
    ],
  },
});
