/** Fields of one message that are looked at. */
const maxFields = 64;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/**
 * Visits the length-delimited fields (strings, bytes, messages) of a Protocol Buffers message
 * (https://protobuf.dev/programming-guides/encoding/), and those of eight bytes if `visitFixed` is given. Returns false when the bytes are none; what
 * stood before was visited.
 */
export function visitProtobuf(
  bytes: Buffer, visit: (field: number, value: Buffer) => void, visitFixed?: (field: number, value: bigint) => void,
): boolean {
  let position = 0;
  let failed = false;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = bytes[position++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    failed = true;
    return 0;
  };
  for (let count = 0; position < bytes.length && count < maxFields; count++) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === VARINT) varint();
    else if (wireType === FIXED64) {
      if (visitFixed !== undefined && position + 8 <= bytes.length) visitFixed(Math.floor(tag / 8), bytes.readBigUInt64LE(position));
      position += 8;
    } else if (wireType === FIXED32) position += 4;
    else if (wireType === LENGTH) {
      const length = varint();
      if (failed || position + length > bytes.length) return false;
      visit(Math.floor(tag / 8), bytes.subarray(position, position + length));
      position += length;
    } else return false;
    if (failed || position > bytes.length) return false;
  }
  return position >= bytes.length;
}
