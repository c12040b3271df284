import type { Shape } from '../../../libs/identifiers/kind.ts';
import { caseless, digits, eitherCase, literal, sequence, type Anchor } from '../../../libs/identifiers/scan/anchor.ts';
import { patternShape } from '../../../libs/identifiers/shape.ts';

/** One regular expression, in the syntax common to JavaScript and Hyperscan, and how its matches are found after the prefilter. */
export interface Pattern {
  readonly name: string;
  readonly source: string;
  readonly isCaseless: boolean;
  readonly anchors: readonly Anchor[];
  /** Where {@link find} has to begin, given an anchor at `at`; -1 where the surrounding bytes rule out a match. */
  readonly locate: (bytes: Buffer, at: number) => number;
  /** Calls `visit` with the match that begins at `at`, unless it overlaps the previous one; returns where the next may begin. */
  readonly find: Shape['find'];
}

const id = '[A-Za-z0-9_.:@-]+';
const token = '[A-Za-z0-9_.~+/=-]{8,}';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const mailbox = '\\b[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,4}[A-Za-z]{2,24}\\b';
/** Characters that may follow a name, and the one that represents them in the list of words. */
const signs = '"\' \t=:';
const assigned = '\0';

/** Classes of characters below 256: of a word (`\w`), of a mailbox and its domain's labels, of a name or password in a URL. */
const word = classOf(/\w/);
const local = classOf(/[\w.+-]/);
const label = classOf(/[A-Za-z0-9-]/);
const credential = classOf(/[\w.%+-]/);
const quote = classOf(/["']/);
const blank = classOf(/[ \t]/);
const sign = classOf(/[=:]/);

function classOf(member: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(member.test(String.fromCharCode(code))));
}

function charactersOf(members: Uint8Array): string {
  return String.fromCharCode(...[...members.keys()].filter((code) => members[code] === 1));
}

function isIn(members: Uint8Array, bytes: Uint8Array, at: number): boolean {
  return at >= 0 && at < bytes.length && members[bytes[at]!] === 1;
}

/** Where the run of bytes of a class that begins at `at` ends. */
function behind(members: Uint8Array, bytes: Uint8Array, at: number): number {
  let end = at;
  while (isIn(members, bytes, end)) end++;
  return end;
}

function pattern(name: string, source: string, isCaseless: boolean, anchors: readonly Anchor[], locate: Pattern['locate'] = (_, at) => at): Pattern {
  const { find } = patternShape({ anchors, confidence: 100, pattern: new RegExp(source, isCaseless ? 'iy' : 'y') });
  const unique = [...new Map(anchors.map((anchor) => [JSON.stringify(anchor), anchor])).values()];
  return { name, source, isCaseless, anchors: unique, locate, find };
}

/** A value under one of some names: `name=value`, `name: value`, `"name":"value"`. */
function keyed(names: string, value: string): Pattern {
  const source = `\\b(?:${names})["']?[ \\t]?[=:][ \\t]?["']?${value}`;
  return worded(names.split('|')[0]!, source, true, names.split('|').map((name) => `${name}${assigned}`), isAssigned);
}

function isAssigned(bytes: Buffer, at: number): boolean {
  const afterQuote = isIn(quote, bytes, at) ? at + 1 : at;
  return isIn(sign, bytes, isIn(blank, bytes, afterQuote) ? afterQuote + 1 : afterQuote);
}

/** Matches begin with one of several words, found by four of its characters; `mayGoOn` checks what follows. */
function worded(
  name: string,
  source: string,
  isCaseless: boolean,
  begins: readonly string[],
  mayGoOn: (bytes: Buffer, at: number) => boolean = () => true,
): Pattern {
  const words = longestFirst(begins);
  const anchors = words.map(({ text, offset }) => anchorOf(text.slice(offset, offset + 4), isCaseless));
  return pattern(name, source, isCaseless, anchors, (bytes, at) => {
    for (let i = 0; i < words.length; i++) {
      const { bytes: wanted, offset } = words[i]!;
      const start = at - offset;
      if (stands(wanted, bytes, start) && !isIn(word, bytes, start - 1) && mayGoOn(bytes, start + wanted.length)) return start;
    }
    return -1;
  });
}

function anchorOf(four: string, isCaseless: boolean): Anchor {
  if (four.endsWith(assigned)) return sequence(eitherCase(four[0]!), eitherCase(four[1]!), eitherCase(four[2]!), signs);
  return (isCaseless ? caseless : literal)(four);
}

interface Word {
  readonly text: string;
  /** In lower case, without the sign. */
  readonly bytes: Buffer;
  /** Offset in it of the four characters that are searched for: for a name its end and the sign after it, else the rarest. */
  readonly offset: number;
}

function longestFirst(words: readonly string[]): Word[] {
  return words.toSorted((a, b) => b.length - a.length).map((text) => ({
    text, bytes: Buffer.from(text.toLowerCase().replace(assigned, '')), offset: text.endsWith(assigned) ? text.length - 4 : rarest(text),
  }));
}

/** Whether the text is at `start`, in upper or lower case. */
function stands(wanted: Buffer, bytes: Buffer, start: number): boolean {
  if (start < 0 || start + wanted.length > bytes.length) return false;
  for (let i = 0; i < wanted.length; i++) if (toLower(bytes[start + i]!) !== wanted[i]) return false;
  return true;
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Characters in text on the web, from frequent to rare. */
const frequent = 'eta oinsrldcupmhgfbwvykx/.-_0123456789"=:jqz';

function rarest(text: string): number {
  const rarity = (at: number): number => [0, 1, 2, 3].reduce((sum, i) => sum + Math.log(1 + frequent.indexOf(text[at + i]!.toLowerCase())), 0);
  let best = 0;
  for (let at = 1; at + 4 <= text.length; at++) if (rarity(at) > rarity(best)) best = at;
  return best;
}

/** `name:password@` */
function isUserInfo(bytes: Buffer, at: number): boolean {
  const colon = behind(credential, bytes, at);
  return bytes[colon] === 0x3a && bytes[behind(credential, bytes, colon + 1)] === 0x40;
}

/** A run of digits or hexadecimal digits that is not part of a longer word. */
function endsBehind(length: number): Pattern['locate'] {
  return (bytes, at) => (isIn(word, bytes, at + length) ? -1 : at);
}

const mailboxFrom = new RegExp(mailbox, 'y');

/** From the first boundary of a word in the at most 64 characters in front of the sign at `at`. */
const findMailbox: Shape['find'] = (text, at, from, visit) => {
  const isWord = (index: number): boolean => index >= 0 && word[text.charCodeAt(index)] === 1;
  let start = at;
  while (start > from && start > at - 64 && local[text.charCodeAt(start - 1)] === 1) start--;
  while (start < at && isWord(start) === isWord(start - 1)) start++;
  mailboxFrom.lastIndex = start;
  if (!mailboxFrom.test(text)) return from;
  visit(start, mailboxFrom.lastIndex);
  return mailboxFrom.lastIndex;
};

export const patterns: readonly Pattern[] = [
  keyed('imei|imeisv|device_imei', '[0-9]{14,16}'),
  keyed('imsi', '[0-9]{14,15}'),
  keyed('iccid|sim_serial', '[0-9]{18,20}'),
  keyed('msisdn', '\\+?[0-9]{7,15}'),
  keyed('android_id|androidid|ssaid', '[0-9a-f]{13,16}'),
  keyed('gaid|gps_adid|google_ad_id|advertising_id|advertiser_id', uuid),
  keyed('idfa|ifa', uuid),
  keyed('oaid|vaid|aaid', '[0-9a-f-]{16,64}'),
  keyed('idfv', uuid),
  keyed('udid|openudid', '[0-9a-f-]{16,40}'),
  keyed('device_id|deviceid|device-id|did|guid', id),
  keyed('mac|mac_address|wifimac', '[0-9a-f:.-]{12,17}'),
  keyed('bssid', '[0-9a-f:.-]{12,17}'),
  keyed('push_token|device_token|registration_id', token),
  keyed('user_id|userid|uid', id),
  keyed('username|user_name|login|account', id),
  keyed('account_id|accountid|customer_id', id),
  keyed('email|e_mail|mail', '[^@"\'&=: ]+(?:@|%40)'),
  keyed('phone|mobile|tel', '\\+?[0-9 ()-]{7,20}'),
  keyed('room_id|roomid|room', id),
  keyed('meeting_id|meetingnumber|confno', '[0-9 -]{9,13}'),
  keyed('channel_id|channelname', id),
  keyed('call_id|callid', id),
  keyed('conversation_id|chat_id', id),
  keyed('sessionid|session_id|jsessionid|phpsessid|sid', token),
  keyed('access_token|auth_token|refresh_token|token', token),
  keyed('password|passwd|pwd|pass', '[^"\'&=: \\r\\n]{3,}'),
  keyed('api_key|apikey|x-api-key', token),
  keyed('client_secret|app_secret', token),
  keyed('latitude|longitude|lat|lng|lon', '-?[0-9]{1,3}\\.[0-9]{3,15}'),
  keyed('host_int', '[0-9]{10,40}'),
  worded('authorization', '\\bAuthorization: (?:Basic|Bearer|Token) [A-Za-z0-9._~+/=-]{8,}', true, ['authorization: ']),
  worded('jwt', '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}\\.', false, ['eyJ']),
  worded('aws_key', '\\bA(?:KIA|SIA)[A-Z2-7]{16}\\b', false, ['AKIA', 'ASIA']),
  worded('google_key', '\\bAIza[A-Za-z0-9_-]{35}', false, ['AIza']),
  pattern('github_token', '\\bgh[pousr]_[A-Za-z0-9]{36}', false, [sequence('g', 'h', 'pousr', '_')]),
  pattern('slack_token', '\\bxox[abeoprs]-[A-Za-z0-9-]{10,}', false, [sequence('x', 'o', 'x', 'abeoprs')]),
  worded('stripe_key', '\\b[sr]k_live_[A-Za-z0-9]{16,}', false, ['sk_live_', 'rk_live_']),
  worded('push_registration', '\\bAPA91b[A-Za-z0-9_-]{40,}', false, ['APA91b']),
  worded('sip_uri', '\\bsips?:[A-Za-z0-9.+_-]+@[A-Za-z0-9.:-]+', true, ['sip:', 'sips:']),
  worded('zoom_link', '\\bzoom\\.us/(?:j|s|w)/[0-9]{9,11}', true, ['zoom.us/']),
  worded('url_credentials', '\\b(?:https?|ftp)://[A-Za-z0-9._%+-]+:[A-Za-z0-9._%+-]+@', true, ['http://', 'https://', 'ftp://'], isUserInfo),
  pattern('uuid', `\\b${uuid}\\b`, true, [{ run: 'uuid' }]),
  pattern('mac_address', '\\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\\b', true, [{ run: 'mac' }]),
  pattern('resident_id', '\\b[1-8][0-9]{16}[0-9X]\\b', true, [{ run: 'digits', least: 17 }], endsBehind(18)),
  pattern('digest', '\\b[0-9a-f]{40}\\b', true, [{ run: 'hex', least: 40 }], endsBehind(40)),
  pattern('phone_number', '\\+[1-9][0-9]{7,14}\\b', false, [sequence('+', digits.slice(1), digits, digits)]),
  {
    ...pattern('mailbox', mailbox, false, [sequence(charactersOf(local), '@', charactersOf(label))], (bytes, at) =>
      bytes[behind(label, bytes, at + 2)] === 0x2e ? at + 1 : -1,
    ),
    find: findMailbox,
  },
];
