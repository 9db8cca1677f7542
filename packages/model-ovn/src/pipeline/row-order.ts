/**
 * The order in which programs of OVN come upon the rows of a table: by the low bits of the first word of the row's uuid.
 *
 * It decides between flows of equal priority that match the same packet. Rows whose bits agree keep the order given.
 *
 * @see Open vSwitch 3.1, include/openvswitch/hmap.h and lib/hmap.c (growth of the buckets), lib/uuid.h uuid_hash
 */
export function bucketOrder<Row>(rows: readonly Row[], uuidOf: (row: Row) => string, rowsInTable: number): Row[] {
  const mask = bucketMask(rowsInTable);
  return rows
    .map((row) => ({ row, bucket: ((parseInt(uuidOf(row).slice(0, 8), 16) || 0) & mask) >>> 0 }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ row }) => row);
}

/** Number of buckets, less one, of a table that grew to `count` rows. */
export function bucketMask(count: number): number {
  return count < 2 ? 0 : count < 8 ? 3 : 2 ** Math.floor(Math.log2(count)) - 1;
}
