import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of recorded answers of real programs: `HOPSCOPE_CORPORA`, or beside the repository. */
export const corporaFolder: string = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../shared/corpora", import.meta.url));

/** Whether a corpus is there; says in one line when it is not. */
export function hasCorpus(name: string): boolean {
  const there = existsSync(`${corporaFolder}/${name}`);
  if (!there) console.log(`skipped: corpus ${name} is not at ${corporaFolder}`);
  return there;
}
