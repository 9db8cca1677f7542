export { type ArbitraryOptions, printYaml, resourcesArbitrary, snapshotArbitrary } from "./snapshot-arbitrary.ts";
