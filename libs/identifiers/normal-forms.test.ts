import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isBirthDate, normaliseBirthDate } from './birth-date.ts';
import { decodeOnce } from './decode.ts';
import { Digests } from './digests.ts';
import { normaliseEmail } from './email.ts';
import { normalisePhone } from './phone.ts';
import { field, messageOf, recognise } from './testing.ts';

describe('what is the same has one token, and what is not has another', () => {
  test('a mailbox, whose domain may be written in its own script or as DNS has it', () => {
    for (const written of ['Jane@Bücher.example', 'jane@xn--bcher-kva.example', ' jane@BÜCHER.example '])
      assert.equal(normaliseEmail(written), 'jane@xn--bcher-kva.example');
    const values = (text: string): string[] => recognise(messageOf(field('note', text))).map(({ value }) => value);
    assert.deepEqual(values('an jörg.weiß@bücher.example, bitte'), ['jörg.weiß@bücher.example']);
    assert.deepEqual(values('联系jane@example.org谢谢'), ['jane@example.org']);
    assert.deepEqual(values('jane@example.orgпривет'), ['jane@example.org']);
    assert.deepEqual(values('jane@bücher'), []);
  });

  test('a computer, by its account in a domain and by its name on the network', () => {
    const token = (name: string, value: string): [string, string][] =>
      recognise(messageOf(field(name, value))).map(({ observable }) => [observable.kind, observable.token]);
    const byName = token('netbios_name', 'JONAS-PC');
    assert.equal(byName[0]?.[0], 'device_name');
    for (const account of ['JONAS-PC$', 'jonas-pc$', 'EXAMPLE\\JONAS-PC$']) assert.deepEqual(token('user_name', account), byName, account);
  });

  test('a birth date, in all orders that say which is the day', () => {
    for (const written of ['1987-11-23', '19871123', '1987/11/23', '1987-11-23T00:00:00Z', '23.11.1987', '23-11-1987', '11/23/1987'])
      assert.equal(normaliseBirthDate(written), '19871123', written);
    for (const written of ['1987-02-01', '1.2.1987', '01.02.1987']) assert.equal(normaliseBirthDate(written), '19870201', written);
    assert.notEqual(normaliseBirthDate('1/12/1987'), normaliseBirthDate('11/2/1987'));
    assert.equal(normaliseBirthDate('1/2/1987'), normaliseBirthDate('01/02/1987'));
    assert.notEqual(normaliseBirthDate('01/02/1987'), normaliseBirthDate('01.02.1987'), 'it may be either');
  });

  test('a birth date of these years', () => {
    for (const year of [1900, 1954, 2025, 2026, 2031]) assert.ok(isBirthDate(`${year}-03-04`), String(year));
    for (const none of ['1899-03-04', '2100-03-04', '1900-01-04', '1970-01-01', '1987-13-13']) assert.ok(!isBirthDate(none), none);
  });

  test('a telephone number, with the zero that is dialled at home', () => {
    for (const written of ['+49 151 12345678', '+49 (0)151 12345678', '0049151 12345678', '+4915112345678'])
      assert.equal(normalisePhone(written), '4915112345678');
    assert.equal(normalisePhone('+39 081 555 0142'), '390815550142', 'where the zero is part of the number');
    assert.equal(normalisePhone('0151 12345678'), '015112345678');
    assert.equal(normalisePhone('+99 (0)1234'), '9901234');
  });
});

test('percent-encoding of another character set hides nothing beside it', () => {
  assert.equal(decodeOnce('q=%D6%D0%CE%C4&email=jane%40example.org')!.text.split('&')[1], 'email=jane@example.org');
  assert.equal(decodeOnce('%E4%B8%AD%E6%96%87%')!.text, '中文%');
  assert.equal(decodeOnce('100%ab%2Fc')!.text.at(-1), 'c');
});

test('an identifier keeps its digests when another one with the same spelling is forgotten', () => {
  const digests = new Digests<string>(2);
  digests.add('token a', ['AB12', 'ab12'], 'a');
  digests.add('token b', ['ab12'], 'b');
  digests.add('token c', ['c'], 'c');
  assert.equal(digests.find(createHash('md5').update('ab12').digest('hex'))?.identity, 'b');
});
