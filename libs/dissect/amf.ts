const NUMBER = 0;
const BOOLEAN = 1;
const STRING = 2;
const OBJECT = 3;
const NULL = 5;
const UNDEFINED = 6;
const ECMA_ARRAY = 8;
const OBJECT_END = 9;
const LONG_STRING = 12;
const maxDepth = 4;

/**
 * Visits the strings among the AMF0 values (Adobe, AMF 0 Specification) in `bytes`: top-level values with an empty key, properties with their
 * own. `index` counts the top-level values. Returns false at a value of an unsupported type, after visiting everything before it.
 */
export function visitAmf(bytes: Buffer, visit: (index: number, key: string, value: string) => void): boolean {
  let position = 0;
  const text = (length: number): string => {
    const value = bytes.toString('utf8', position, position + length);
    position += length;
    return value;
  };
  const u16 = (): number => {
    position += 2;
    return position <= bytes.length ? bytes.readUInt16BE(position - 2) : 0;
  };
  const value = (index: number, key: string, depth: number): boolean => {
    const type = bytes[position++];
    switch (type) {
      case NUMBER: position += 8; break;
      case BOOLEAN: position++; break;
      case STRING: visit(index, key, text(u16())); break;
      case LONG_STRING: visit(index, key, text(u16() * 65536 + u16())); break;
      case NULL:
      case UNDEFINED: break;
      case ECMA_ARRAY: position += 4; return properties(index, depth);
      case OBJECT: return properties(index, depth);
      default: return false;
    }
    return position <= bytes.length;
  };
  const properties = (index: number, depth: number): boolean => {
    if (depth >= maxDepth) return false;
    while (position + 3 <= bytes.length) {
      const key = text(u16());
      if (key === '' && bytes[position] === OBJECT_END) {
        position++;
        return true;
      }
      if (!value(index, key, depth + 1)) return false;
    }
    return false;
  };
  for (let index = 0; position < bytes.length; index++) if (!value(index, '', 0)) return false;
  return position === bytes.length;
}
