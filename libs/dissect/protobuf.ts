import { ByteReader } from './reader.ts';

/** How many fields of one message are read. */
const maxFields = 64;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
const longestVarint = 10;

/** Receives the kinds of fields it implements; others are skipped. */
export interface ProtobufVisitor {
  /** A string, bytes, or a message. */
  bytes?(field: number, value: Buffer): void;
  varint?(field: number, value: number): void;
  fixed64?(field: number, value: bigint): void;
}

/**
 * Visits the fields of a Protocol Buffers message (https://protobuf.dev/programming-guides/encoding/). Returns false if the bytes are not one,
 * after visiting everything before the error.
 */
export function visitProtobuf(bytes: Buffer, visitor: ProtobufVisitor): boolean {
  const reader = new ByteReader(bytes);
  for (let count = 0; reader.left > 0 && count < maxFields; count++) {
    const tag = reader.varint(longestVarint);
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case VARINT: {
        const value = reader.varint(longestVarint);
        if (!reader.failed) visitor.varint?.(field, value);
        break;
      }
      case FIXED64: {
        const value = reader.take(8).rest();
        if (!reader.failed) visitor.fixed64?.(field, value.readBigUInt64LE(0));
        break;
      }
      case FIXED32: reader.skip(4); break;
      case LENGTH: {
        const value = reader.take(reader.varint(longestVarint)).rest();
        if (!reader.failed) visitor.bytes?.(field, value);
        break;
      }
      default: return false;
    }
    if (reader.failed) return false;
  }
  return reader.left === 0;
}
