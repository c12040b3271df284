import type { Recognition } from './protocol.ts';

/** One header or trailer line. */
export interface Header {
  /** In lower case. */
  name: string;
  /** As written. */
  written: string;
  /** One character per byte (latin1), without surrounding white space. */
  value: string;
  /** Positions in the head of the value's first byte and of the byte after its last. */
  start: number;
  end: number;
}

/** The start line and the headers of a request or response. Positions count bytes from the first byte of the start line. */
export interface Head {
  startLine: string;
  headers: Header[];
}

/**
 * Length of the head at the start of `bytes`, including the empty line that ends it; 0 if that has not arrived yet.
 * A bare LF ends a line too (RFC 9112, section 2.2). The search continues at `from`, the length that was already searched.
 */
export function findHeadEnd(bytes: Buffer, from: number): number {
  let newline = bytes.indexOf(0x0a, Math.max(0, from - 2));
  while (newline >= 0) {
    const next = bytes[newline + 1];
    if (next === 0x0a) return newline + 2;
    if (next === 0x0d && bytes[newline + 2] === 0x0a) return newline + 3;
    newline = bytes.indexOf(0x0a, newline + 1);
  }
  return 0;
}

/** Parses a head given as one character per byte. A line that is not a header is skipped and reported. */
export function parseHead(text: string, onMalformed: () => void): Head {
  let lineEnd = text.indexOf('\n');
  if (lineEnd < 0) lineEnd = text.length;
  return { startLine: trimmed(text, 0, lineEnd), headers: parseHeaders(text, lineEnd + 1, onMalformed) };
}

/** Parses header lines, including folded ones (RFC 9112, section 5.2), from `start` to the empty line or the end. */
export function parseHeaders(text: string, start: number, onMalformed: () => void): Header[] {
  const headers: Header[] = [];
  while (start < text.length) {
    let lineEnd = text.indexOf('\n', start);
    if (lineEnd < 0) lineEnd = text.length;
    const first = text.charCodeAt(start);
    if (first === 0x0a || (first === 0x0d && lineEnd === start + 1)) break;
    const last = headers.at(-1);
    if ((first === 0x20 || first === 0x09) && last !== undefined) {
      unfold(last, text, start, lineEnd);
    } else {
      const header = parseHeader(text, start, lineEnd);
      if (header === null) onMalformed();
      else headers.push(header);
    }
    start = lineEnd + 1;
  }
  return headers;
}

function parseHeader(text: string, start: number, lineEnd: number): Header | null {
  let colon = start;
  while (colon < lineEnd && text.charCodeAt(colon) !== 0x3a) colon++;
  if (colon === lineEnd || colon === start) return null;
  const written = trimmed(text, start, colon);
  const valueStart = skipSpace(text, colon + 1, lineEnd);
  const value = trimmed(text, valueStart, lineEnd);
  return { name: written.toLowerCase(), written, value, start: valueStart, end: valueStart + value.length };
}

function unfold(header: Header, text: string, start: number, lineEnd: number): void {
  const more = trimmed(text, start, lineEnd);
  if (more === '') return;
  header.value = header.value === '' ? more : `${header.value} ${more}`;
  header.end = skipSpace(text, start, lineEnd) + more.length;
}

/** Value of the first header of that name (in lower case), or ''. */
export function headerValue(headers: readonly Header[], name: string): string {
  for (const header of headers) if (header.name === name) return header.value;
  return '';
}

/** Values of all headers of that name, joined into one list (RFC 9110, section 5.3). */
export function headerList(headers: readonly Header[], name: string): string {
  let list = '';
  for (const header of headers) if (header.name === name) list = list === '' ? header.value : `${list}, ${header.value}`;
  return list;
}

/** A parameter of a header value such as `form-data; name="uid"`, unquoted, or ''. Looks at the first KB only. */
export function parameterOf(value: string, name: string): string {
  for (const match of value.slice(0, 1024).matchAll(/;\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g)) {
    if (match[1]!.toLowerCase() === name) return match[2] === undefined ? match[3]!.trim() : match[2].replace(/\\(["\\])/g, '$1');
  }
  return '';
}

/** Media type of a Content-Type value: without parameters, in lower case. */
export function mediaType(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** Longest start line for which to wait. */
const maxStartLine = 32 * 1024;

/** Bytes of empty lines that may precede a start line; servers are to ignore one (RFC 9112, section 2.2). */
const mostBlank = 8;

/** Do these bytes (at least one) begin with a request line or a status line, ignoring empty lines before it? */
export function recogniseHttp(bytes: Buffer): Recognition {
  const first = bytes[0]!;
  if (first === 0x0d || first === 0x0a) {
    let blank = 1;
    while (blank <= mostBlank && (bytes[blank] === 0x0d || bytes[blank] === 0x0a)) blank++;
    if (blank > mostBlank) return 'no';
    return blank === bytes.length ? 'more' : recogniseHttp(bytes.subarray(blank));
  }
  if ((first | 0x20) < 0x61 || (first | 0x20) > 0x7a) return 'no';
  const lineEnd = bytes.subarray(0, maxStartLine).indexOf(0x0a);
  if (lineEnd >= 0) {
    const line = bytes.toString('latin1', 0, bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd);
    return parseStatusLine(line) !== 0 || parseRequestLine(line.trimEnd()) !== null ? 'yes' : 'no';
  }
  if (bytes.length >= maxStartLine) return 'no';
  return /^(?:[A-Za-z][A-Za-z_-]{0,31}(?: [ -~\x80-\xff]*)?|HTTP\/(?:1[ -~]*)?)\r?$/.test(bytes.toString('latin1', 0, Math.min(bytes.length, 64)))
    ? 'more'
    : 'no';
}

export interface RequestLine {
  method: string;
  target: string;
  /** Position of the target in the line. */
  targetStart: number;
}

/**
 * Parses `GET /path HTTP/1.1`. A target that contains spaces is accepted as it is, as servers do, and so is a path without a version. Null
 * if the line is not a request line.
 */
export function parseRequestLine(line: string): RequestLine | null {
  const versionStart = line.length - ' HTTP/1.1'.length;
  const methodEnd = line.indexOf(' ');
  if (methodEnd <= 0 || methodEnd >= versionStart || !line.startsWith(' HTTP/1.', versionStart)) return withoutVersion(line);
  const method = line.slice(0, methodEnd);
  if (!methodToken.test(method)) return null;
  const targetStart = skipSpace(line, methodEnd, versionStart);
  const target = trimmed(line, targetStart, versionStart);
  return target === '' ? null : { method, target, targetStart };
}

/** `GET /path`, as in HTTP/0.9, to which servers still respond. */
function withoutVersion(line: string): RequestLine | null {
  const match = /^(GET|HEAD|POST|PUT) (\/[!-~]*)$/.exec(line);
  return match === null ? null : { method: match[1]!, target: match[2]!, targetStart: match[1]!.length + 1 };
}

/** Methods are tokens; all those in use consist of letters, hyphens and underscores. */
const methodToken = /^[A-Za-z][A-Za-z_-]{0,31}$/;

/** Status code of `HTTP/1.1 200 OK`, 0 if this is not a status line. */
export function parseStatusLine(line: string): number {
  const match = /^HTTP\/1\.\d +(\d{3})(?: |$)/.exec(line);
  return match === null ? 0 : Number(match[1]);
}

function trimmed(text: string, start: number, end: number): string {
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  return text.slice(start, end);
}

function skipSpace(text: string, start: number, end: number): number {
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  return start;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0d;
}
