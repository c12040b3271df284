import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Recognised } from './report.ts';
import { redact } from './redact.ts';
import { field, messageOf, recognise } from './testing.ts';

function of(kind: string, value: string, ...written: string[]): Recognised {
  const place = { path: '', encoding: '', visibility: 'cleartext', sender: 'source', frame: 1, watchlist: '' } as const;
  return { value, written, observable: { kind, confidence: 90, mask: '', token: '', ...place } };
}

describe('redact', () => {
  const email = of('email', 'jane doe+x@example.org');
  const cases: [name: string, text: string, recognised: Recognised[], expected: string][] = [
    ['a raw value', '/u/471142/x?uid=471142', [of('user_id', '471142')], '/u/{user_id}/x?uid={user_id}'],
    ['percent-encoding', 'e=jane%20doe%2Bx%40example.org&x=1', [email], 'e={email}&x=1'],
    ['percent-encoding in small letters, and of more than needs it', 'e=%6aane%20doe%2bx@example%2Eorg', [email], 'e={email}'],
    ['percent-encoding twice', 'u=e%253Djane%2520doe%252Bx%2540example.org%26', [email], 'u=e%253D{email}%26'],
    ['percent-encoding four times', 'u=jane%25252520doe%2525252Bx%25252540example.org', [email], 'u={email}'],
    ['percent-encoding of UTF-16, as by escape()', 'u=jane%u0020doe%u002bx%u0040example.org', [email], 'u={email}'],
    ['references of markup', 'u=jane&#32;doe&#x2B;x&#0064;example.org;&#99999999;', [email], 'u={email};&#99999999;'],
    ['hexadecimal', '/x/AB6a616e6520646f652B78406578616d706c652e6f7267CD', [email], '/x/AB{email}CD'],
    ['a short value in hexadecimal and base64, which may be chance', '/3132333435/MTIzNDU', [of('user_id', '12345')], '/3132333435/MTIzNDU'],
    ['+ for a space', 'e=jane+doe%2Bx%40example.org', [email], 'e={email}'],
    ['JSON escapes', '{"p":"a\\"b\\\\c\\u00e9\\/d"}', [of('password', 'a"b\\cé/d')], '{"p":"{password}"}'],
    ['beyond ASCII', 'n=Sin%C3%A9ad&m=Sinéad', [of('person_name', 'Sinéad')], 'n={person_name}&m={person_name}'],
    ['another case beyond ASCII', 'n=SINÉAD&m=%C4%B0SIN%C3%89AD', [of('person_name', 'Sinéad')], 'n={person_name}&m=%C4%B0{person_name}'],
    ['another case', 'mac=3C%3A15%3Ac2%3A9A%3A01%3AFE', [of('mac', '3c:15:c2:9a:01:fe')], 'mac={mac}'],
    ['the text a value was unwrapped from', 'd=eyJpbWVpIjoiMSJ9&x', [of('imei', '352099001761481', 'eyJpbWVpIjoiMSJ9')], 'd={imei}&x'],
    [
      'a short value where it is whole', 'uid=7&v=17.7&page=7x&z=%37#/7/', [of('user_id', '7')],
      'uid={user_id}&v=17.7&page=7x&z={user_id}#/{user_id}/',
    ],
    ['a short value in JSON', '{"uid":7,"size":77,"to":"7"}', [of('user_id', '7')], '{"uid":{user_id},"size":77,"to":"{user_id}"}'],
    [
      'one inside another', 'https://zoom.us/j/81234567890?pwd=abcd',
      [of('join_link', 'zoom.us/j/81234567890?pwd=abcd'), of('meeting_id', '81234567890')], 'https://{join_link}',
    ],
    ['overlapping ones', 'abcdefgh', [of('a', 'abcdef'), of('b', 'efgh')], '{a}'],
    ['nothing', 'plain', [], 'plain'],
    ['a broken escape', '%zz%4&uid=471142%', [of('user_id', '471142')], '%zz%4&uid={user_id}%'],
  ];
  for (const [name, text, recognised, expected] of cases) test(name, () => assert.equal(redact(text, recognised), expected));

  test('leaves no recognised value in any of its forms', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 24 }).filter((text) => !'{kind}'.includes(text) && text.isWellFormed());
    const form = fc.constantFrom<(value: string) => string>(
      (text) => text,
      encodeURIComponent,
      (text) => encodeURIComponent(text).toLowerCase(),
      (text) => encodeURIComponent(encodeURIComponent(text)),
      (text) => new URLSearchParams({ v: text }).toString().slice(2),
      (text) => JSON.stringify(text).slice(1, -1),
      ...['', 'a', 'ab'].map((before) => (text: string) => (text.length < 6 ? text : Buffer.from(`${before}${text}`).toString('base64'))),
      (text) => (text.length < 6 ? text : Buffer.from(`${text}{}`).toString('base64url')),
      (text) => (text.length < 6 ? text : Buffer.from(text).toString('hex').toUpperCase()),
      (text) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
    fc.assert(fc.property(value, form, fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (raw, written, before, after) => {
      const redacted = redact(`${before}&k=${written(raw)}&${after}`, [of('kind', raw)]);
      assert.ok(redacted.includes('{kind}'));
      assert.ok(!redacted.includes(raw));
    }), { numRuns: 1000 });
  });

  test('clears the query of what the recogniser finds in it', () => {
    const pairs: [string, string][] = [
      ['email', 'jane.doe@example.org'], ['uid', '7'], ['mac', '3C:15:C2:9A:01:FE'],
      ['d', Buffer.from('imei=352099001761481').toString('base64')], ['password', 'a b&c=d%é'],
    ];
    const query = new URLSearchParams(pairs).toString();
    const redacted = redact(query, recognise(messageOf(...pairs.map(([key, value]) => field(key, value)))));
    assert.equal(decodeURIComponent(redacted), 'email={email}&uid={user_id}&mac={mac}&d={imei}&password={password}');
  });
});
