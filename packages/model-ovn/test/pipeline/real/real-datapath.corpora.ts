import { describe, expect, it } from "vitest";
import { loadSouthbound } from "../../../src/ovsdb/load-southbound.ts";
import { golden, hasGolden } from "../../golden.ts";
import { conversationsOf, replay } from "./real-datapath.ts";

const WORKER = "11111111-0000-4000-8000-000000000010";

describe.skipIf(!hasGolden)("packets through a real datapath", () => {
  const db = loadSouthbound(golden("23.09-ic-shared/sb.dump.jsonl"));
  // What br-ex does for the host is not in the Southbound database, and asking for neighbours is not modelled.
  const conversations = conversationsOf(golden("real-datapath/packets-and-conntrack.txt")).filter(({ exchanges }) => exchanges.every(({ into, out }) => !into.startsWith("br-ex") && !out.some((line) => line.includes(" arp op "))));
  for (const conversation of conversations)
    it(conversation.name, () => {
      expect(replay(db, WORKER, "br-ex_worker-0", conversation)).toEqual(conversation.exchanges.map(({ out }) => out));
    });
});
