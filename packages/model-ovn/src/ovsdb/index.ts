export { type Atom, type AtomType, type Column, type Database, listOf, mapOf, numberOf, optionalOf, type Reference, type Row, type Table, textOf, type Value, valueOf } from "./database.ts";
export { loadNorthbound, northboundOf } from "./load-northbound.ts";
export { loadSouthbound, southboundOf } from "./load-southbound.ts";
export { printTable, tableJson } from "./print-table.ts";
export { databaseReader, type DatabaseReader, type DatabaseResult, readDatabase, readDatabaseSync, type ReadOptions } from "./read-database.ts";
export type { TroubleCode } from "./trouble.ts";
