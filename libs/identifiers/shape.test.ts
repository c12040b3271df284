import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { apiKeyInText, isPrefixedApiKey } from './api-keys.ts';
import { catalogue } from './catalogue.ts';
import { apiKey, basicCredentials, jwt } from './catalogue/credentials.ts';
import { residentId, sipUri } from './catalogue/contacts.ts';
import { deviceId, mac, pushToken } from './catalogue/devices.ts';
import { joinLink, meetingId } from './catalogue/rooms.ts';
import { phone } from './catalogue/subscriptions.ts';
import { jwtInText } from './jwt.ts';
import type { IdentifierKind } from './kind.ts';
import { macInText } from './mac.ts';
import { isPassword } from './opaque.ts';
import { phoneInText } from './phone.ts';
import { geoUriInText, receiverPositionInText } from './position.ts';
import { residentIdInText } from './resident-id.ts';
import { Prefilter } from './scan/prefilter.ts';
import { sipUriInText } from './sip.ts';

/** The matches that each shape must find in a whole text, as one regular expression: its first group, or all of it, if `accept` takes it. */
const patterns: [kind: IdentifierKind, pattern: RegExp, accept?: (value: string) => boolean][] = [
  [
    basicCredentials,
    /\b[a-z][a-z0-9+.-]{1,15}:\/\/([^\s/:@"'<>]{1,64}:[^\s/@"'<>]{1,128})@/gi,
    (value) => isPassword(value.slice(value.indexOf(':') + 1)),
  ],
  [jwt, /(?<![\w.-])eyJ[\w-]{8,2048}\.[\w-]{2,6144}\.[\w-]{0,1024}/g, jwt.validate],
  [sipUri, /(?<!\w)sips?:[\w.!~*'()&=+$,%-]{1,64}(?::[^\s@<>"]{0,64})?@[\w.:[\]-]{1,128}/gi, sipUri.validate],
  [phone, /(?<=^|[\s"'=:,;<>([|])\+\d(?:[ .()-]{0,2}\d){7,14}(?![\w@])/g, phone.validate],
  [mac, /(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![0-9A-Za-z]|[:-][0-9A-Za-z])/g, mac.validate],
  [residentId, /(?<![\w.-])[1-8]\d{16}[\dXx](?![\w-])/g, residentId.validate],
  [pushToken, /(?<![\w-])APA91b[\w-]{40,200}(?![\w-])/g],
  [deviceId, /(?<![\w-])[a-z]-[0-9A-F]{40}(?![0-9A-Za-z])/g],
  [apiKey, new RegExp(apiKeyInText.source, 'g'), isPrefixedApiKey],
];
const link =
  /(?<![\w-])(?:[\w-]{1,63}\.){0,3}zoom(?:gov)?\.(?:us|com|com\.cn)\/(?:wc\/)?(?:join|j|s|w|wc)\/(\d{9,11})(?!\d)(?:\?[\w.=&%~-]{0,256})?/gi;

const prefilter = new Prefilter(catalogue.map(({ shape }) => shape?.anchors ?? []));

/** `start value` of each match, found by its anchors. */
function byAnchors(text: string, kind: IdentifierKind): string[] {
  const found: string[] = [];
  const count = prefilter.scanText(text);
  let from = 0;
  for (let i = 0; i < count; i++) {
    if (prefilter.patterns[i] !== catalogue.indexOf(kind)) continue;
    from = kind.shape!.find(text, prefilter.positions[i]!, from, (start, end) => found.push(`${start} ${text.slice(start, end)}`));
  }
  return found;
}

function byExpression(text: string, pattern: RegExp, accept: (value: string) => boolean = () => true): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const value = pattern.source.includes('\\1') ? match[0] : match[1] ?? match[0];
    return accept(value) ? [`${match.index + match[0].indexOf(value)} ${value}`] : [];
  });
}

describe('shapes', () => {
  const examples = catalogue
    .flatMap(({ examples: { match, noMatch } }) => [...match, ...noMatch])
    .map((each) => (typeof each === 'string' ? each : each[1]));
  const part = fc.oneof(
    fc.constantFrom(...examples), fc.string({ maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 3 }),
    fc.constantFrom(
      '@', ':', '://', 'http://', '+', '.', '-', ' ', 'zoom.us/j/', '81234567890', 'a.b.', '?pwd=abcd', 'sip:', 'a:b@', '3c:15:c2:9a:01:fe',
      '\u0131', '\u0141',
      '110105194912310', '02X', 'h-3B90E1C7A52F684D0B7E19A3C8F5246D9E07B1A4', 'xoxb-12345abcdefghij', 'ghp_9sKd82hFq01LmZx7Pv3TtRrYwQeBn5cVgUaJ',
    ),
  );
  const anyText = fc.array(part, { maxLength: 9 }).map((parts) => parts.join(''));

  for (const [kind, pattern, accept] of patterns) {
    test(`${kind.name}: around the anchors as in the whole text`, () => {
      fc.assert(fc.property(anyText, (text) => assert.deepEqual(byAnchors(text, kind), byExpression(text, pattern, accept))), { numRuns: 1500 });
    });
  }

  test('join links and meeting numbers: around the anchors as in the whole text', () => {
    fc.assert(fc.property(anyText, (text) => {
      const links = [...text.matchAll(link)].filter(
        (match) => meetingId.shape !== undefined && /^[1-9]/.test(match[1]!) && new Set(match[1]).size > 2,
      );
      assert.deepEqual(byAnchors(text, meetingId).map((each) => each.split(' ')[1]), links.map((match) => match[1]));
      const open = links.filter((match) => /[?&]pwd=[\w.~%-]{4,128}/i.test(match[0]));
      assert.deepEqual(byAnchors(text, joinLink), open.map((match) => `${match.index} ${match[0]}`));
    }), { numRuns: 3000 });
  });
});

test('patterns that are tried wherever an anchor stands look no further than a bound: the time of a text grows with its length alone', () => {
  const tried = { apiKeyInText, jwtInText, phoneInText, macInText, geoUriInText, receiverPositionInText, sipUriInText, residentIdInText };
  for (const [name, { source }] of Object.entries(tried)) {
    const quantifiers = source.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x').match(/[*+]|\{\d+,\}/g);
    assert.equal(quantifiers, null, name);
  }
});
