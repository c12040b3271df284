import type { Field, Message } from '#dissect';
import { createMessage } from '#dissect';
import { RecogniserCounters } from './counters.ts';
import type { Example } from './kind.ts';
import { Recogniser } from './recogniser.ts';
import type { Recognised } from './report.ts';
import { createTokeniser } from './token.ts';

/** Helpers for the tests of this library. */

export const testTokeniser = createTokeniser(Buffer.alloc(32, 7));

export function field(key: string, value: string, path = `url.query.${key}`, encoding = ''): Field {
  return { path, key, value, encoding, sender: 'source', frame: 9 };
}

export function messageOf(...fields: Field[]): Message {
  return { ...createMessage('http', { verdict: 'cleartext', reason: 'HTTP request' }, { sender: 'source', frame: 9, micros: 1 }), fields };
}

export function payloadOf(payload: Buffer, protocol = 'udp'): Message {
  return { ...createMessage(protocol, { verdict: 'opaque', reason: 'no known structure' }, { sender: 'source', frame: 9, micros: 1 }), payload };
}

const recogniser = new Recogniser({ tokeniser: testTokeniser, maxPerMessage: 64 }, new RecogniserCounters());

export function recognise(message: Message): readonly Recognised[] {
  return recogniser.recognise(message);
}

/** `kind=value` of each. */
export function found(message: Message): string[] {
  return recognise(message).map(({ observable, value }) => `${observable.kind}=${value}`);
}

export function keyOf(example: Exclude<Example, string>): string {
  return example[2] ?? example[0];
}

/** Names of the kinds found in an example. */
export function recogniseExample(example: Example): string[] {
  const [key, value, path, beside = ''] = typeof example === 'string' ? ['note', example, 'http.request.body.text'] : example;
  const others = [...new URLSearchParams(beside)].map(([name, text]) => field(name, text));
  return recognise(messageOf(field(key, value, path), ...others)).map(({ observable }) => observable.kind);
}
