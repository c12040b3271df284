import { Cbor, mayEndCbor } from './structured/cbor.ts';
import { MessagePack, mayEndMessagePack } from './structured/messagepack.ts';
import { mayBeginMessage, Protobuf } from './structured/protobuf.ts';
import type { StructuredValue } from './structured/value.ts';

/** Values of a self-describing binary format. The format is recognised by structure: the bytes must fit it from the first to the last. */
export interface Structure {
  readonly encoding: 'msgpack' | 'cbor' | 'protobuf';
  readonly values: readonly StructuredValue[];
  /** Further values were omitted. */
  readonly isCut: boolean;
}

const messagePack = new MessagePack();
const cbor = new Cbor();
const protobuf = new Protobuf();

/** The values in `bytes` from `start` to the end, if they are MessagePack, CBOR or a Protocol Buffers message; else null. */
export function readStructure(bytes: Buffer, start = 0): Structure | null {
  if (bytes.length - start < 4) return null;
  const formats = formatsOf[bytes[start]!]!;
  if ((formats & isMessagePack) !== 0 && mayEndMessagePack(bytes, start)) {
    const values = messagePack.whole(bytes, start);
    if (values !== null) return { encoding: 'msgpack', values, isCut: messagePack.isCut };
  }
  if ((formats & isCbor) !== 0 && mayEndCbor(bytes, start)) {
    const values = cbor.whole(bytes, start);
    if (values !== null) return { encoding: 'cbor', values, isCut: cbor.isCut };
  }
  const values = (formats & isProtobuf) === 0 ? null : protobuf.whole(bytes, start);
  return values === null ? null : { encoding: 'protobuf', values, isCut: protobuf.isCut };
}

const isMessagePack = 1;
const isCbor = 2;
const isProtobuf = 4;
/** Formats that may begin with a byte. A document of the first two must be a map or an array: a scalar reveals nothing that text does not. */
const formatsOf = Uint8Array.from({ length: 256 }, (_, first) => (
  ((first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf) ? isMessagePack : 0)
  | ((first >= 0x80 && first <= 0xbf) || first === 0xd9 ? isCbor : 0)
  | (mayBeginMessage(first) ? isProtobuf : 0)
));
