import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const corpora = process.env["HOPSCOPE_CORPORA"] ?? fileURLToPath(new URL("../../../../shared/corpora", import.meta.url));
const root = `${corpora}/../reference/ovn-golden`;

/** Whether the golden outputs of the real programs are on this machine; says so once where not. */
export const hasGolden = existsSync(root);
if (!hasGolden) console.info("OVN golden outputs are absent: their tests are skipped");

/** The text of one golden file; empty where the folder is absent. */
export const golden = (file: string): string => (hasGolden ? readFileSync(`${root}/${file}`, "utf8") : "");

/** Where one golden file is; for those that are no text. */
export const goldenFile = (file: string): string => `${root}/${file}`;
