/** Number of buckets, less one, of a hash table that grew to `count` items. */
const bucketMask = (count: number): number => (count < 2 ? 0 : count < 8 ? 3 : 2 ** Math.floor(Math.log2(count)) - 1);

/**
 * The order in which a hash table gives back items that were put in one after another, as positions: `hashes` are theirs, `order` is
 * the order of putting in.
 *
 * A new item goes to the head of its bucket, and growth turns the items of a bucket round.
 *
 * @see Open vSwitch 3.1, include/openvswitch/hmap.h, lib/hmap.c
 */
function hashOrder(hashes: Uint32Array, order: Uint32Array): Uint32Array {
  let mask = 0;
  let heads = new Int32Array(1).fill(-1);
  const next = new Int32Array(hashes.length).fill(-1);
  const put = (item: number, into: Int32Array): void => {
    const bucket = ((hashes[item] as number) & mask) >>> 0;
    next[item] = into[bucket] as number;
    into[bucket] = item;
  };
  order.forEach((item, at) => {
    put(item, heads);
    if ((at + 1) >>> 1 <= mask) return;
    mask = bucketMask(at + 1);
    const grown = new Int32Array(mask + 1).fill(-1);
    for (const head of heads) {
      for (let each = head; each !== -1;) {
        const following = next[each] as number;
        put(each, grown);
        each = following;
      }
    }
    heads = grown;
  });
  const result = new Uint32Array(hashes.length);
  let at = 0;
  for (const head of heads) for (let each = head; each !== -1; each = next[each] as number) result[at++] = each;
  return result;
}

const inOrder = (length: number): Uint32Array => Uint32Array.from({ length }, (_, index) => index);
const uuidHash = (uuid: string): number => parseInt(uuid.slice(0, 8), 16) || 0;

/**
 * All rows of a table in the order in which programs of OVN come upon them: that of a hash table, by the first word of the uuid.
 *
 * It decides between flows of equal priority that match the same packet. Rows of one bucket lie in it as they came in, and they came
 * as members of a JSON object, once at the server and once at the client in a hash table by the text of the uuid.
 *
 * @see Open vSwitch 3.1, lib/uuid.h uuid_hash, lib/ovsdb-idl.c, lib/ovsdb-cs.c ovsdb_cs_parse_table_update
 */
export function inRowOrder<Row>(all: readonly Row[], uuidOf: (row: Row) => string): readonly Row[] {
  const texts = Uint32Array.from(all, (each) => hashText(uuidOf(each)));
  const arrived = hashOrder(texts, hashOrder(texts, inOrder(all.length)));
  const order = hashOrder(Uint32Array.from(all, (each) => uuidHash(uuidOf(each))), arrived);
  return Array.from(order, (index) => all[index] as Row);
}

/**
 * The order in which programs of OVN come upon the keys of a map column: that of a hash table into which they went sorted.
 *
 * @see Open vSwitch 3.1, lib/smap.c
 */
export function mapOrder(keys: readonly string[]): readonly string[] {
  const sorted = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return Array.from(hashOrder(Uint32Array.from(sorted, hashText), inOrder(sorted.length)), (index) => sorted[index] as string);
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
const encoder = new TextEncoder();

/** @see Open vSwitch 3.1, lib/hash.c hash_bytes */
function hashText(text: string): number {
  let bytes: ArrayLike<number> | undefined;
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) bytes ??= encoder.encode(text);
  const length = bytes?.length ?? text.length;
  let hash = 0;
  for (let at = 0; at < length; at += 4) {
    let data = 0;
    for (let byte = 0; byte < 4 && at + byte < length; byte++) data |= (bytes === undefined ? text.charCodeAt(at + byte) : (bytes[at + byte] as number)) << (8 * byte);
    hash ^= Math.imul(rotate(Math.imul(data, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= length;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
