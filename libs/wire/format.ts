/**
 * The format of a batch of flow records, version 1. Integers are unsigned LEB128 varints up to 2^53 - 1 unless said otherwise.
 *
 * ```
 * batch       = version:u8 compression:u8 body              body as it is (0) or one zstd frame (1)
 * body        = records dictionary columns
 * dictionary  = entries length*entries utf8-bytes           each distinct string of the batch, once
 * columns     = count column*count                          to the end of the body
 * column      = tag:u32le length data                       length counts the bytes of data
 * data        = layout:u8 values
 * ```
 *
 * A tag is the fingerprint of a field's name and type. A reader skips tags it does not know and leaves fields without a column at their
 * zero value. So a field may be added to the table (anywhere) or removed from it, and older and newer readers and writers still understand
 * each other; a field whose type changes is a new field. What must not change within a version is this file.
 *
 * Values of a column, one per record (of a list's inner columns: one per item, all records' items in a row):
 * - layout `constant`: a single value that all of them have. Otherwise `varying`.
 * - text: the number of dictionary entries that the columns before refer to (once), then per value: 0 the empty string, 1 the next entry
 *   not referred to before, n > 1 the entry n - 2 before the newest. A new string costs a 1 and its entry, a repeated one a small number;
 *   both compress well.
 * - count: the integer.
 * - micros: the difference from the previous value (for the first, from 0). Its first byte holds the sign in bit 0 and six bits of the
 *   magnitude in bits 1 to 6; the magnitude's other bits follow as a varint if bit 7 is set.
 * - items: how many items each record's list has. The column precedes the list's inner columns.
 */
export const version = 1;

export const compression = { none: 0, zstd: 1 } as const;
export const layout = { varying: 0, constant: 1 } as const;

/** Bounds that a writer keeps and a reader enforces, so that a hostile batch costs bounded memory. */
export const limits = {
  /** Records in a batch. */
  records: 65_536,
  /** Items of one list field, over all records of a batch. */
  items: 262_144,
  /** Bytes of the decompressed body. */
  bodyBytes: 8 * 1024 * 1024,
} as const;

/** Bodies below this size gain nothing from compression. */
export const smallestCompressedBody = 256;
