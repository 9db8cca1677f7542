import { CLIENT_SOCKET, type Outcome } from "@hopscope/core";
import { answerPacket } from "./answer.ts";
import { dropped, type Next, type Passage, type Refusal } from "./passage.ts";
import { receive } from "./receive.ts";
import { emit } from "./send.ts";

/** Carries a passage on until it has an outcome: over `lo`, or through the answer to a refused packet. @internal */
export function conclude(passage: Passage, start: Next): Outcome {
  let next = start;
  while (next.type === "loopback") next = receive(passage, "lo");
  return next.type === "answer" ? answer(passage, next) : next;
}

/**
 * Answers a refused packet. The answer passes OUTPUT and POSTROUTING like any packet of the kernel, so that the
 * translations of its connection are undone; if it is for a socket of this namespace it arrives at once.
 */
function answer(passage: Passage, { reason, origin, code, with: kind }: Refusal): Outcome {
  const made = answerPacket(passage.packet, kind);
  if (made === undefined || passage.isAnswer) return dropped(passage, reason, { origin, code });
  const { tracked } = passage;
  const state = made.l4?.type === "icmp" ? ("related" as const) : ("established" as const);
  const back: Passage = {
    ...passage,
    packet: made,
    // The kernel attaches the refused packet's connection to the answer.
    tracked: tracked?.connection === undefined ? tracked : { state, direction: tracked.direction === "original" ? "reply" : "original", connection: tracked.connection },
    owned: false,
    assigned: undefined,
    isAnswer: true,
  };
  const sent = conclude(back, emit(back, false));
  passage.state = back.state;
  if (sent.type === "forward") return { type: "reject", reason, origin, with: sent.packet, out: sent.out, code };
  if (sent.type === "deliver" && sent.to.endpoint === CLIENT_SOCKET) return { type: "reject", reason, origin, with: sent.packet, out: CLIENT_SOCKET, code };
  return dropped(passage, `${reason}; the refusal is lost: ${"reason" in sent ? sent.reason : "nobody waits for it"}`, { origin, code });
}
