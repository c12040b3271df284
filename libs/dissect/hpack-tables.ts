/** The static table of HPACK (RFC 7541, appendix A); its indices begin at 1. */
export const staticTable: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''], [':method', 'GET'], [':method', 'POST'], [':path', '/'], [':path', '/index.html'], [':scheme', 'http'],
  [':scheme', 'https'], [':status', '200'], [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'],
  [':status', '404'], [':status', '500'], ['accept-charset', ''], ['accept-encoding', 'gzip, deflate'], ['accept-language', ''],
  ['accept-ranges', ''], ['accept', ''], ['access-control-allow-origin', ''], ['age', ''], ['allow', ''], ['authorization', ''],
  ['cache-control', ''], ['content-disposition', ''], ['content-encoding', ''], ['content-language', ''], ['content-length', ''],
  ['content-location', ''], ['content-range', ''], ['content-type', ''], ['cookie', ''], ['date', ''], ['etag', ''], ['expect', ''],
  ['expires', ''], ['from', ''], ['host', ''], ['if-match', ''], ['if-modified-since', ''], ['if-none-match', ''], ['if-range', ''],
  ['if-unmodified-since', ''], ['last-modified', ''], ['link', ''], ['location', ''], ['max-forwards', ''], ['proxy-authenticate', ''],
  ['proxy-authorization', ''], ['range', ''], ['referer', ''], ['refresh', ''], ['retry-after', ''], ['server', ''],
  ['set-cookie', ''], ['strict-transport-security', ''], ['transfer-encoding', ''], ['user-agent', ''], ['vary', ''], ['via', ''],
  ['www-authenticate', ''],
];

/** Length in bits of the Huffman code of each byte, and of the end of string (256), in base 36 (RFC 7541, appendix B). */
const codeLengths = ''
  + 'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca'
  + 'd67777777777777777777777878djde6f56565666577666567655677777fbeds'
  + 'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn'
  + 'qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq'
  + 'u';

/**
 * The code is canonical: codes of the same length are consecutive, in the order of their symbols. For each length: the first code, how many codes
 * there are, and where their symbols begin in `symbols`.
 */
export const huffman = buildHuffman();

function buildHuffman(): { symbols: Uint16Array; firstCode: number[]; count: number[]; offset: number[]; longest: number } {
  const lengths = Array.from(codeLengths, (digit) => Number.parseInt(digit, 36));
  const longest = Math.max(...lengths);
  const symbols = Uint16Array.from(lengths.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  const [firstCode, count, offset]: [number[], number[], number[]] = [[0], [0], [0]];
  for (let length = 1; length <= longest; length++) {
    firstCode[length] = (firstCode[length - 1]! + count[length - 1]!) * 2;
    count[length] = lengths.filter((one) => one === length).length;
    offset[length] = offset[length - 1]! + count[length - 1]!;
  }
  return { symbols, firstCode, count, offset, longest };
}
