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
 * Compares rows of a table by the order in which programs of OVN come upon them: that of a hash table, by the first word of the uuid.
 *
 * It decides between flows of equal priority that match the same packet. Rows of one bucket lie in it as they came in, and they came
 * as members of a JSON object, once at the server and once at the client in a hash table by the text of the uuid. That is worked out
 * only when two rows of one bucket are to be told apart. `all` are the rows of the whole table.
 *
 * @see Open vSwitch 3.1, lib/uuid.h uuid_hash, lib/ovsdb-idl.c, lib/ovsdb-cs.c ovsdb_cs_parse_table_update
 */
export function rowOrder<Row>(all: readonly Row[], uuidOf: (row: Row) => string): (a: Row, b: Row) => number {
  const mask = bucketMask(all.length);
  let places: ReadonlyMap<Row, number> | undefined;
  const place = (row: Row): number => {
    if (places === undefined) {
      const texts = Uint32Array.from(all, (each) => hashText(uuidOf(each)));
      const arrived = hashOrder(texts, hashOrder(texts, inOrder(all.length)));
      const final = hashOrder(Uint32Array.from(all, (each) => uuidHash(uuidOf(each))), arrived);
      places = new Map(Array.from(final, (index, at) => [all[index] as Row, at]));
    }
    return places.get(row) ?? 0;
  };
  return (a, b) => ((uuidHash(uuidOf(a)) & mask) >>> 0) - ((uuidHash(uuidOf(b)) & mask) >>> 0) || place(a) - place(b);
}

/** All rows of a table in the order of {@link rowOrder}. */
export const inRowOrder = <Row>(all: readonly Row[], uuidOf: (row: Row) => string): Row[] => [...all].sort(rowOrder(all, uuidOf));

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
  const bytes = encoder.encode(text);
  let hash = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    let data = 0;
    for (let byte = 0; byte < 4 && at + byte < bytes.length; byte++) data |= (bytes[at + byte] as number) << (8 * byte);
    hash ^= Math.imul(rotate(Math.imul(data, 0xcc9e2d51), 15), 0x1b873593);
    hash = (Math.imul(rotate(hash, 13), 5) + 0xe6546b64) | 0;
  }
  hash ^= bytes.length;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
