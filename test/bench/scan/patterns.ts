import type { Shape } from '../../../libs/identifiers/kind.ts';
import { any, caseless, digits, literal, sequence, type Anchor } from '../../../libs/identifiers/scan/anchor.ts';
import { patternShape } from '../../../libs/identifiers/shape.ts';

/** One regular expression, in what JavaScript and Hyperscan both understand, and how its matches are found behind the prefilter. */
export interface Pattern {
  readonly name: string;
  readonly source: string;
  readonly isCaseless: boolean;
  readonly anchors: readonly Anchor[];
  readonly words: readonly Word[];
  /** Characters of which one stands behind the word; empty where any may. */
  readonly followers: string;
  /** Calls `visit` with the match that begins at `at`, or around it where the pattern has no words; returns where the next may begin. */
  readonly find: Shape['find'];
}

/** A word that each match begins with, or one of several, in lower case; and where in it the three characters stand that are looked for. */
interface Word {
  readonly bytes: Buffer;
  readonly offset: number;
}

const id = '[A-Za-z0-9_.:@-]+';
const token = '[A-Za-z0-9_.~+/=-]{8,}';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A value under one of some names: `name=value`, `name: value`, `"name":"value"`. */
function keyed(names: string, value: string): Pattern {
  const source = `\\b(?:${names})["']?[ \\t]?[=:][ \\t]?["']?${value}`;
  return { ...worded(names.split('|')[0]!, source, true, ...names.split('|')), followers: '"\' \t=:' };
}

/** Matches of the expression begin with one of the words. */
function worded(name: string, source: string, isCaseless: boolean, ...begins: string[]): Pattern {
  const longestFirst = begins.toSorted((a, b) => b.length - a.length);
  const words = longestFirst.map((word) => ({ bytes: Buffer.from(word.toLowerCase()), offset: rarest(word) }));
  const anchors = longestFirst.map((word, i) => (isCaseless ? caseless : literal)(word.slice(words[i]!.offset)));
  return { ...pattern(name, source, isCaseless, anchors), words };
}

function pattern(name: string, source: string, isCaseless: boolean, anchors: readonly Anchor[]): Pattern {
  const { find } = patternShape(anchors, 100, new RegExp(source, isCaseless ? 'iy' : 'y'));
  const unique = [...new Map(anchors.map((anchor) => [JSON.stringify(anchor), anchor])).values()];
  return { name, source, isCaseless, anchors: unique, words: [], followers: '', find };
}

/** Characters of texts of the web, from frequent to rare. */
const frequent = 'eta oinsrldcupmhgfbwvykx/.-_0123456789"=:jqz';

/** Where the three characters begin that are least likely together. */
function rarest(word: string): number {
  const rarity = (at: number): number => [0, 1, 2].reduce((sum, i) => sum + Math.log(1 + frequent.indexOf(word[at + i]!.toLowerCase())), 0);
  let best = 0;
  for (let at = 1; at + 3 <= word.length; at++) if (rarity(at) > rarity(best)) best = at;
  return best;
}

/** Start of the longest word of the pattern that stands around its three characters at `at`; -1 if there is none. */
export function wordAround({ words, followers }: Pattern, bytes: Buffer, at: number): number {
  for (let i = 0; i < words.length; i++) {
    const { bytes: word, offset } = words[i]!;
    const start = at - offset;
    if (start < 0 || start + word.length >= bytes.length) continue;
    let length = 0;
    while (length < word.length && toLower(bytes[start + length]!) === word[length]) length++;
    if (length === word.length && (followers === '' || followers.includes(String.fromCharCode(bytes[start + length]!)))) return start;
  }
  return -1;
}

function toLower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

const mailbox = '\\b[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,4}[A-Za-z]{2,24}\\b';
const mailboxFrom = new RegExp(mailbox, 'y');
/** Of a character below 256: 2 of a word, 1 else of a local part. */
const local = Uint8Array.from({ length: 256 }, (_, code) => (/\w/.test(String.fromCharCode(code)) ? 2 : Number('.+-'.includes(String.fromCharCode(code)))));
const isWord = (text: string, at: number): boolean => at >= 0 && local[text.charCodeAt(at)] === 2;

/** From the first boundary of a word in the at most 64 characters in front of the sign. */
const findMailbox: Shape['find'] = (text, at, from, visit) => {
  let start = at;
  while (start > from && start > at - 64 && local[text.charCodeAt(start - 1)] !== 0) start--;
  while (start < at && isWord(text, start) === isWord(text, start - 1)) start++;
  mailboxFrom.lastIndex = start;
  const match = mailboxFrom.exec(text);
  if (match === null) return from;
  visit(match.index, match.index + match[0].length);
  return match.index + match[0].length;
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
  worded('authorization', '\\bAuthorization: (?:Basic|Bearer|Token) [A-Za-z0-9._~+/=-]{8,}', true, 'authorization: '),
  worded('jwt', '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}\\.', false, 'eyJ'),
  worded('aws_key', '\\bA(?:KIA|SIA)[A-Z2-7]{16}\\b', false, 'AKIA', 'ASIA'),
  worded('google_key', '\\bAIza[A-Za-z0-9_-]{35}', false, 'AIza'),
  pattern('github_token', '\\bgh[pousr]_[A-Za-z0-9]{36}', false, [sequence('g', 'h', 'pousr')]),
  pattern('slack_token', '\\bxox[abeoprs]-[A-Za-z0-9-]{10,}', false, [literal('xox')]),
  worded('stripe_key', '\\b[sr]k_live_[A-Za-z0-9]{16,}', false, 'sk_live_', 'rk_live_'),
  worded('push_registration', '\\bAPA91b[A-Za-z0-9_-]{40,}', false, 'APA91b'),
  worded('sip_uri', '\\bsips?:[A-Za-z0-9.+_-]+@[A-Za-z0-9.:-]+', true, 'sip:', 'sips:'),
  worded('zoom_link', '\\bzoom\\.us/(?:j|s|w)/[0-9]{9,11}', true, 'zoom.us/'),
  worded('url_credentials', '\\b(?:https?|ftp)://[A-Za-z0-9._%+-]+:[A-Za-z0-9._%+-]+@', true, 'http://', 'https://', 'ftp://'),
  pattern('uuid', `\\b${uuid}\\b`, true, [{ run: 'uuid' }]),
  pattern('mac_address', '\\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\\b', true, [{ run: 'mac' }]),
  pattern('resident_id', '\\b[1-8][0-9]{16}[0-9X]\\b', true, [{ run: 'digits', least: 17 }]),
  pattern('digest', '\\b[0-9a-f]{40}\\b', true, [{ run: 'hex', least: 40 }]),
  pattern('phone_number', '\\+[1-9][0-9]{7,14}\\b', false, [sequence('+', digits, any)]),
  {
    name: 'mailbox', source: mailbox, isCaseless: false, anchors: [sequence('@', any, any)], words: [], followers: '',
    find: findMailbox,
  },
];
