import type { Dice } from "../northd/random-northbound.ts";

const fragments = [
  "&&", "||", "!", "(", ")", "{", "}", "==", "!=", "<", ">=", "=", ",", ";", "..", "/", "$nosuchset", "@nosuchgroup", "^NOVAR", "\"", "\"none\"", "0x", "0xffffffffffffffffffffffffffffffffff", "1/2", "10.0.0.0/8", "ff:ff:ff:ff:ff:ff",
  "ip4", "ip6", "tcp", "arp", "nd", "ip4.src", "ip6.dst[0..7]", "eth.type", "reg0[32]", "xxreg1", "reg0[5..3]", "inport", "outport", "vlan.vid", "ct.new", "ct_label", "is_chassis_resident(\"x\")", "ip.frag", "icmp4.type", "flags.loopback", "nd.target",
  "next;", "next(99);", "next(pipeline=egress, table=3);", "output;", "drop;", "ct_next;", "ct_lb_mark(backends=1.2.3.4:5);", "ct_commit { ct_mark = 7; };", "reg0 <-> reg1", "eth.dst <-> eth.src;", "ip.ttl--;", "clone { output; };", "reject { };", "icmp4 { };", "arp { };", "get_arp(outport, reg0);", "é", "\u0000", "\n", "/* */", "//",
];

const splice = (text: string, at: number, remove: number, insert: string): string => text.slice(0, at) + insert + text.slice(at + remove);

/** Damages a text in one to three places: characters or words left out, doubled, swapped or put in. */
export function mutate(dice: Dice, text: string): string {
  let result = text;
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const at = dice.below(result.length + 1);
    const words = result.split(" ");
    const word = dice.below(words.length);
    switch (dice.below(7)) {
      case 0: result = splice(result, at, 1 + dice.below(3), ""); break;
      case 1: result = splice(result, at, 0, dice.pick(fragments)); break;
      case 2: result = splice(result, at, 0, result.charAt(at)); break;
      case 3: words.splice(word, 1); result = words.join(" "); break;
      case 4: words.splice(word, 1, dice.pick(fragments)); result = words.join(" "); break;
      case 5: words.splice(word, 0, words[dice.below(words.length)] ?? ""); result = words.join(" "); break;
      default: result = result.replace(/\d+/, (number) => dice.pick([`${Number(number) + 1}`, "0", "4294967296", "65536", `-${number}`, "0x1g"]));
    }
  }
  // A command's argument holds no zero byte, and the empty one is another question.
  return result.replaceAll("\u0000", "") || "ip4";
}
