import { decodeContent } from './content-encoding.ts';
import { isXmlData, looksLikeForm, startsLikeJson, wrappedJsonAt } from './content-shape.ts';
import { dnsMessageType, isPlain } from './http-body.ts';

/**
 * Which response bodies are read: data, such as a program requests. A page, a script, a feed or a text is content for everybody, and what it
 * contains identifies none of its readers. Most types tell which it is; for some only the beginning does.
 */
export type BodyUse = 'keep' | 'skip' | 'by beginning';

/** Bytes of a body, as sent, by which this is decided. */
export const leastBeginning = 512;
const mostDecoded = 64 * 1024;

export function useOfAnswer(type: string): BodyUse {
  if (/[/+]json$/.test(type) || type === dnsMessageType) return 'keep';
  return type === '' || (/^text\/(?!css$)|[/+]xml$|javascript$|x-plist$|x-www-form-urlencoded$/.test(type) && type !== 'image/svg+xml')
    ? 'by beginning'
    : 'skip';
}

/** Whether a body that begins like this holds data. */
export function holdsData(body: Buffer, type: string, codings: string): boolean {
  const sent = body.subarray(0, leastBeginning);
  const beginning = codings === '' ? sent : decodeContent(sent, codings, mostDecoded).bytes;
  return startsLikeJson(beginning) || wrappedJsonAt(beginning) > 0 || isXmlData(beginning) || (isPlain(type) && looksLikeForm(beginning));
}
