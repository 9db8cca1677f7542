export { arbitraryRules, chance, FAR, PEER, POD, PORTS } from "./rules.ts";
