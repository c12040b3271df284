import type { Field, Message } from '#dissect';
import type { IdentifierKind } from '../kind.ts';
import { maskSecret } from '../mask.ts';
import { isId, isRandomToken, isTimestamp, normaliseOpaque } from '../opaque.ts';
import { isMeetingNumber, isZoomHost } from '../zoom.ts';
import { channelId, meetingId } from './rooms.ts';

/*
 * Kinds whose key names are ambiguous: `code`, `cname`, `mid`. Other fields of the message, or its host, tell what they mean.
 */

/** Whether a field of the same query, form or object has one of these keys and a value that satisfies `accept`. */
function hasSibling({ path, key }: Field, { fields }: Message, keys: RegExp, accept: (value: string, key: string) => boolean = () => true): boolean {
  const parent = path.slice(0, -key.length);
  return fields.some((other) => keys.test(other.key) && other.path.startsWith(parent) && other.path !== path && accept(other.value, other.key));
}

export const authorizationCode: IdentifierKind = {
  name: 'authorization_code',
  dataClass: 'secret',
  keys: ['code', 'auth_code'],
  company: {
    words: '`state`, `redirect_uri`, `code_verifier` or `grant_type=authorization_code`',
    holds: (field, message) => hasSibling(field, message, /^(?:state|session_state|redirect_uri|redirecturi|code_verifier|grant_type)$/i,
      (value, key) => (key.toLowerCase() === 'grant_type' ? value === 'authorization_code' : value.length >= 4)),
  },
  validate: (value) => value.length >= 12 && isRandomToken(value),
  mask: maskSecret,
  confidence: 90,
  traps: [
    'Vouchers, countries and errors have codes as well, so that a `code` is reported only beside what else an authorization response or a '
      + 'token request has.',
  ],
  source: 'RFC 6749, sections 4.1.2 and 4.1.3; RFC 7636, section 4.5',
  examples: {
    match: [
      ['code', 'SplxlOBeZQQYbYS6WxSbIA', 'url.query.code', 'state=xyz81&scope=profile'],
      ['code', '4/0AX4XfWjKQ7Zm2XvT8hDrThB3W6', 'url.query.code', 'grant_type=authorization_code&client_id=harbour'],
    ],
    noMatch: [
      ['code', 'SplxlOBeZQQYbYS6WxSbIA'], ['code', 'SUMMER24', 'url.query.code', 'state=open'], ['code', '400', 'url.query.code', 'state=xyz81'],
      ['code', 'SplxlOBeZQQYbYS6WxSbIA', 'url.query.code', 'grant_type=password'],
    ],
  },
};

const agoraHost = /(?:^|\.)(?:agora\.io|agoraio\.cn|agora\.cn|sd-rtn\.com|shengwang\.cn)$/i;
const agoraApp = /^[0-9a-f]{32}$/i;

export const agoraChannel: IdentifierKind = {
  name: channelId.name,
  dataClass: channelId.dataClass,
  keys: ['cname'],
  company: {
    words: 'the application id of Agora (32 hexadecimal digits), `clientRequest`, a header `X-Agora-…`, or at a host of Agora',
    holds: (field, message) => agoraHost.test(message.facts['url.domain'] ?? '')
      || /\/apps\/[0-9a-f]{32}(?:\/|$)/i.test(message.facts['url.path'] ?? '')
      || hasSibling(field, message, /^app_?id$/i, (value) => agoraApp.test(value))
      || message.fields.some(({ path }) => path.includes('.clientRequest.') || path.startsWith('http.request.header.x-agora-')),
  },
  validate: (value) => isId(value) && value.length >= 2 && !isTimestamp(value),
  confidence: 88,
  traps: ['RTCP in SDP (RFC 5576) and DNS have names under `cname` as well.', 'A `cname` may be the name of a company or a customer.'],
  source:
    'https://docs.agora.io/en/cloud-recording/reference/restful-api (cname, uid); '
      + 'https://docs.agora.io/en/video-calling/overview/core-concepts (channel)',
  examples: {
    match: [
      ['cname', 'wq-lounge-42', 'url.query.cname', 'appid=9f1c27d3b84e5a60c7d2e1f0938b4a56&uid=527841'],
      ['cname', 'wq-lounge-42', 'url.query.cname', 'app_id=9f1c27d3b84e5a60c7d2e1f0938b4a56'],
    ],
    noMatch: [
      ['cname', 'wq-lounge-42'],
      ['cname', 'edge.example.net', 'url.query.cname', 'type=5'],
      ['cname', 'harbour', 'url.query.cname', 'appid=200471906'],
      'a=ssrc:3735928559 cname:4TOk42mSjXCkVIa6',
    ],
  },
};

export const zoomMeeting: IdentifierKind = {
  name: meetingId.name,
  dataClass: meetingId.dataClass,
  keys: ['mid', 'mn'],
  company: {
    words: '`confno`, `mn` or `meetingNumber`, or at a host of Zoom',
    holds: (field, message) => isZoomHost(message.facts['url.domain'] ?? '')
      || hasSibling(field, message, /^(?:confno|mn|meeting_?number)$/i, isMeetingNumber),
  },
  // A meeting number, or the UUID generated for each instance of a meeting: 16 bytes in base64.
  validate: (value) => isMeetingNumber(value) || (/^[A-Za-z0-9+/_-]{22}(?:==)?$/.test(value) && isRandomToken(value)),
  normalise: (value) => (isMeetingNumber(value) ? meetingId.normalise!(value) : normaliseOpaque(value)),
  confidence: 88,
  traps: ['Messages, media, merchants and machines have a `mid` as well.'],
  source: 'https://developers.zoom.us/docs/api/meetings/ (meeting id and UUID)',
  examples: {
    match: [
      ['mid', 'pX3vQz8mT1xWyB7nR2cLdF==', 'url.query.mid', 'mn=84412270093'], ['mid', '84412270093', 'url.query.mid', 'confno=84412270093'],
    ],
    noMatch: [
      ['mid', '84412270093'],
      ['mid', 'pX3vQz8mT1xWyB7nR2cLdF=='],
      ['mn', '84412270093'],
      ['mid', '3812345678901234', 'url.query.mid', 'amount=12'],
    ],
  },
};
