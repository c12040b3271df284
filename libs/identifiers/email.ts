import { domainToASCII } from 'node:url';
import type { Visit } from './kind.ts';

/** Longest address (RFC 5321, 4.5.3.1.3, as corrected by RFC 3696 erratum 1690) and local part (4.5.3.1.1), in characters. */
const longestAddress = 254;
const longestLocalPart = 64;

const address =
  /^[A-Za-z0-9_+](?:[A-Za-z0-9_%+'-]|\.(?!\.)){0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}([A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59})$/;

/** Country codes (ISO 3166-1, and eu, uk, su, ac) that are top-level domains. */
const countryDomains = new Set((
  'ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg ch ci ck cl cm cn '
  + 'co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk '
  + 'hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg '
  + 'mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re '
  + 'ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy '
  + 'uz va vc ve vg vi vn vu wf ws ye yt za zm zw'
).split(' '));

/** Generic top-level domains used for mail (IANA root zone, abridged), and those reserved by RFC 2606, which tests use. */
const genericDomains = new Set((
  'com net org edu gov mil int arpa aero asia biz cat coop info jobs mobi museum name post pro tel travel xxx academy agency app art bank bar '
  + 'berlin bio blog build business camp capital care cash center chat church city cloud club coach codes community company consulting cool '
  + 'credit data date day deals dental design dev digital direct directory doctor domains earth education email energy engineering events '
  + 'exchange expert express family fan farm finance financial fit foundation fun fund games global gmbh green group guide guru haus health '
  + 'help host hosting house icu immo inc industries ink institute insurance international investments koeln lawyer legal life limited link '
  + 'live llc loan london love ltd ltda management market marketing media moda moe money nagoya network news ngo nyc one ong online organic '
  + 'page paris partners parts photo photography photos plus press productions properties pub red rent report rocks run sale school science '
  + 'security services shop site social software solar solutions space store studio style supply support swiss systems tax team tech '
  + 'technology tips today tokyo tools top tours town trade training university uno vegas ventures vip vision website wiki win wine work '
  + 'works world wtf xyz yoga zone test example invalid localhost local internal lan corp'
).split(' '));

/** An address with a dotted domain and any plausible last label: enough if the key says e-mail. It may have letters of any script (RFC 6531). */
export function isEmail(value: string): boolean {
  const ascii = inAscii(value);
  return value.length <= longestAddress && address.test(ascii) && ascii.indexOf('@') <= longestLocalPart && !nobody.test(ascii);
}

/** In lower case, with the domain as in DNS (RFC 5890, section 2.3.2.1): `jane@bücher.example` becomes `jane@xn--bcher-kva.example`. */
export function normaliseEmail(value: string): string {
  const lower = value.trim().toLowerCase();
  const at = lower.lastIndexOf('@');
  return isAscii(lower) || at < 0 ? lower : lower.slice(0, at + 1) + (domainToASCII(lower.slice(at + 1)) || lower.slice(at + 1));
}

/** An equivalent for validation: the domain as in DNS, and each letter beyond ASCII in the local part replaced by an `x`. */
function inAscii(value: string): string {
  const at = value.lastIndexOf('@');
  if (isAscii(value) || at < 0 || value.length > longestAddress) return value;
  const local = value.slice(0, at).replaceAll(/[^\0-\x7f]/gu, (one) => (/[\p{L}\p{M}\p{N}]/u.test(one) ? 'x' : one));
  return `${local}@${domainToASCII(value.slice(at + 1))}`;
}

function isAscii(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) >= 0x80) return false;
  return true;
}

/** Addresses masked before they were captured, and names of Celery or Erlang nodes (`celery@desk7.example.org`). */
const nobody = /^(?:x{3,}|(?:celery|rabbit|ejabberd|couchdb|emqx|riak|vernemq)\d{0,3})@/i;

/** Whether the last label of a name in ASCII is a top-level domain. */
export function isKnownDomain(value: string): boolean {
  const label = value.slice(value.lastIndexOf('.') + 1).toLowerCase();
  return countryDomains.has(label) || genericDomains.has(label) || label.startsWith('xn--');
}

/** Schemes whose `user@host` is not a mailbox. */
const otherScheme =
  /(?:sips?|xmpp|ssh|ftps?|sftp|https?|turns?|stuns?|rtsps?|rtmps?|git|ldaps?|mongodb|postgres(?:ql)?|mysql|redis|amqps?):(?:\/\/)?$/i;

/** Remainder of the user in a damaged SIP URI. */
const damagedUser = /\bsips?:[^\s<>"',;@?&=]{1,40}$/i;

function isUser(before: string): boolean {
  return otherScheme.test(before) || damagedUser.test(before);
}

/** Finds the mailbox around the `@` at `at`. The last label must be a known top-level domain, which excludes `pkg@1.2` and `logo@2x.png`. */
export function findEmail(text: string, at: number, from: number, visit: Visit): number {
  if (text[at] !== '@') return from;
  let start = at;
  while (start > 0 && at - start < longestLocalPart && (isLocalCharacter(text.charCodeAt(start - 1)) || isLetter(text, start - 1))) start--;
  while (start < at && !isAlphanumeric(text.charCodeAt(start)) && text[start] !== '_' && !isLetter(text, start)) start++;
  let end = endOfDomain(text, at, isDomainCharacter);
  if (!isMailbox(text.slice(start, end))) {
    // Words of another script may follow, or the rest of an internationalised domain.
    if (!isLetter(text, end)) return from;
    end = endOfDomain(text, at, (code, i) => isDomainCharacter(code) || isLetter(text, i));
    if (!isMailbox(text.slice(start, end))) return from;
  }
  const value = text.slice(start, end);
  if (isMessageId(text, start, at)) return from;
  if (text[end] === '@' || isAlgorithm(value) || isPassword(text, start) || isUser(text.slice(Math.max(0, start - 48), start))) return from;
  visit(start, end);
  return from;
}

function endOfDomain(text: string, at: number, isOfDomain: (code: number, i: number) => boolean): number {
  let end = at + 1;
  while (end < text.length && end - at < longestAddress && isOfDomain(text.charCodeAt(end), end)) end++;
  while (end > at && !isAlphanumeric(text.charCodeAt(end - 1)) && !isLetter(text, end - 1)) end--;
  return end;
}

function isMailbox(value: string): boolean {
  return isEmail(value) && isKnownDomain(inAscii(value));
}

/**
 * Letters beyond ASCII in scripts that separate words by spaces. In other scripts, an ASCII address may directly adjoin letters that do not belong to
 * it.
 */
const letters = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]/u;

function isLetter(text: string, i: number): boolean {
  return text.charCodeAt(i) >= 0x80 && letters.test(text[i]!);
}

/** Headers that contain ids in the form of an address. RFC 5322, section 3.6.4; RFC 2392. */
const idHeader = /(?:message-id|in-reply-to|references|content-id|cid|mid):[^\n]*$/i;
/** Dates, counters and random letters, with which mail programs begin their ids. A phone number in a national address has at most 11 digits. */
const idLocalPart =
  /\d{12}|(?:^|\D)\d{10,}[^\d]|[^\d]\d{10,}|^[0-9A-F]{8}\.\d|^[0-9a-f]{16,}$|^[0-9a-f]{8}-[0-9a-f]{4}-|^\w{6}-\w{6,11}-\w{2,4}$/i;
const randomLocalPart = /^(?=[^\d]*\d)(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[\w+=-]{24,}$/;

function isMessageId(text: string, start: number, at: number): boolean {
  const localPart = text.slice(start, at);
  return idLocalPart.test(localPart) || randomLocalPart.test(localPart) || idHeader.test(text.slice(Math.max(0, start - 200), start));
}

/** `scheme://user:secret@host`: the part before the `@` is a password. */
function isPassword(text: string, start: number): boolean {
  return text[start - 1] === ':' && /:\/\/[^\s/@]{1,80}:$/.test(text.slice(Math.max(0, start - 100), start));
}

/** SSH algorithms that are not standardised are named `name@domain` (RFC 4251, section 6). */
function isAlgorithm(value: string): boolean {
  return /@(?:openssh\.com|libssh\.org|ssh\.com|lysator\.liu\.se|matt\.ucc\.asn\.au)$/i.test(value) && /^(?:zlib|etm)@|-|\d/.test(value);
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function isLocalCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === 0x2e || code === 0x5f || code === 0x2d || code === 0x2b;
}

function isDomainCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === 0x2e || code === 0x2d;
}
