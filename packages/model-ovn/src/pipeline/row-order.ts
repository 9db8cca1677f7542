/**
 * The order in which programs of OVN come upon the rows of a table: that of a hash table, by the first word of the row's uuid.
 *
 * It decides between flows of equal priority that match the same packet. `rowsInTable` is the number of rows of the whole table,
 * since `rows` may be some of them. Rows of one bucket keep the order given.
 *
 * @see Open vSwitch 3.1, lib/uuid.h uuid_hash, lib/ovsdb-idl.c
 */
export function bucketOrder<Row>(rows: readonly Row[], uuidOf: (row: Row) => string, rowsInTable: number): Row[] {
  const mask = bucketMask(rowsInTable);
  return rows
    .map((row) => ({ row, bucket: ((parseInt(uuidOf(row).slice(0, 8), 16) || 0) & mask) >>> 0 }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ row }) => row);
}

/** Number of buckets, less one, of a hash table that grew to `count` items. */
const bucketMask = (count: number): number => (count < 2 ? 0 : count < 8 ? 3 : 2 ** Math.floor(Math.log2(count)) - 1);

/**
 * The order in which programs of OVN come upon the keys of a map column: that of a hash table into which they went sorted.
 *
 * A new item goes to the head of its bucket, and growth turns the items of a bucket round.
 *
 * @see Open vSwitch 3.1, include/openvswitch/hmap.h, lib/hmap.c, lib/smap.c
 */
export function mapOrder(keys: readonly string[]): readonly string[] {
  let mask = 0;
  let buckets: { readonly key: string; readonly hash: number }[][] = [[]];
  let count = 0;
  for (const key of [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const hash = hashText(key);
    buckets[(hash & mask) >>> 0]?.unshift({ key, hash });
    count += 1;
    if (Math.floor(count / 2) <= mask) continue;
    mask = bucketMask(count);
    const grown: typeof buckets = Array.from({ length: mask + 1 }, () => []);
    for (const item of buckets.flat()) grown[(item.hash & mask) >>> 0]?.unshift(item);
    buckets = grown;
  }
  return buckets.flat().map(({ key }) => key);
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** @see Open vSwitch 3.1, lib/hash.c hash_bytes */
export function hashText(text: string): number {
  const bytes = new TextEncoder().encode(text);
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
