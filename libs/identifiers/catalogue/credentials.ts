import { apiKeyAnchors, apiKeyInText, isPrefixedApiKey } from '../api-keys.ts';
import { isJwt, jwtInText } from '../jwt.ts';
import type { IdentifierKind, Shape } from '../kind.ts';
import { distinct, isPassword, isPlaceholder, isRandomToken, isTimestamp } from '../opaque.ts';
import { maskSecret } from '../mask.ts';
import { any, literal, sequence } from '../scan/anchor.ts';
import { matchAround, patternShape } from '../shape.ts';

/** `user:password` in front of the host of a URL. */
const userInfo = /\b[a-z][a-z0-9+.-]{1,15}:\/\/([^\s/:@"'<>]{1,64}:[^\s/@"'<>]{1,128})@/gi;
/** Characters of a match in front of the `@`. */
const longestUserInfo = 213;

const findUserInfo: Shape['find'] = (text, at, from, visit) => {
  if (!text.slice(Math.max(from, at - longestUserInfo), at).includes('://')) return from;
  const url = matchAround(userInfo, text, at, from, longestUserInfo, 0);
  if (url === null) return from;
  const credentials = url.groups[0]!;
  if (isPassword(credentials.slice(credentials.indexOf(':') + 1))) visit(url.end - 1 - credentials.length, url.end - 1);
  return url.end;
};

export const basicCredentials: IdentifierKind = {
  name: 'basic_credentials',
  dataClass: 'secret',
  keys: [],
  // The recogniser hands over the decoded `user:password` of an Authorization header; see authorization.ts.
  validate: (value) => /^[^\p{Cc}:]{0,256}:\P{Cc}{0,256}$/u.test(value) && value.length > 2,
  shape: { anchors: [sequence('@', any, any)], confidence: 90, find: findUserInfo },
  confidence: 99,
  traps: ['a word behind `Basic` that is no base64', '`user@host` in a URL without a password'],
  source: 'RFC 7617, section 2; RFC 3986, section 3.2.1',
  examples: {
    match: [
      ['Authorization', 'Basic amFuZTpjb3JyZWN0LWhvcnNl'], ['Proxy-Authorization', 'basic b3BzOjE6MzQ='],
      'fetch http://jane:correct-horse@files.example.org/a',
    ],
    noMatch: [['Authorization', 'Basic realm'], 'http://jane@files.example.org/', 'see http://files.example.org:8080/@jane'],
  },
};

export const password: IdentifierKind = {
  name: 'password',
  dataClass: 'secret',
  keys: [
    '*_password', '*_passwd', 'pwd', '*_pwd', 'pass', 'passphrase', 'pass_word', 'user_pass', 'j_password', 'login_pass', 'passcode',
    'secret_answer',
  ],
  validate: isPassword,
  confidence: 95,
  traps: [
    'labels of forms', 'the password of an ICE session (RFC 8839, section 5.4)', 'values already replaced by stars',
    '`password=` with nothing behind it',
  ],
  source: 'RFC 6749, section 4.3.2 (resource owner password credentials); HTML Living Standard, autocomplete `current-password`',
  examples: {
    match: [
      ['password', 'pippo-zozzo1'], ['userPwd', 'Sesame'], ['j_password', 'a b c d'], 'login=jane&password=s3same&go=1',
      '{"user":{"passwd":"letmein!"}}',
    ],
    noMatch: [
      ['password', ''], ['password', '********'], ['password', 'xxxxxx'], ['password', '{{password}}'],
      'Password: must have eight characters', ['password_type', 'md5'], ['compass', 'north1'], 'a=ice-pwd:asd88fgpdd777uzjYhagZg',
    ],
  },
};

export const apiKey: IdentifierKind = {
  name: 'api_key',
  dataClass: 'secret',
  keys: [
    '*_api_key', 'x_api_key', '*_secret_key', '*_client_secret', '*_app_secret', '*_access_key', '*_access_key_id', '*_access_key_secret',
    '*_api_secret', 'subscription_key', 'shared_access_signature',
  ],
  validate: (value) => isPrefixedApiKey(value) || isRandomToken(value),
  shape: patternShape(apiKeyAnchors, 97, apiKeyInText, isPrefixedApiKey),
  confidence: 90,
  traps: ['keys from manuals (`AKIAIOSFODNN7EXAMPLE`)', 'names of keys', 'runs of one letter behind a prefix'],
  source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html; https://docs.github.com/en/code-security/secret-scanning',
  examples: {
    match: [
      ['x-api-key', '4f8d2c19ab7e4d01'], 'key AKIAQ3EGRHZ5JXKT2W7B in a log', 'AIzaSyD4k9mQ2wXr7LpVbN8cT1uYhG5sJ3fEo0Z',
      'token ghp_9sKd82hFq01LmZx7Pv3TtRrYwQeBn5cVgUaJ',
    ],
    noMatch: ['AKIAIOSFODNN7EXAMPLE', ['api_key', 'none'], ['apiKey', 'production'], 'AKIAAAAAAAAAAAAAAAAA', ['key', 'abc123def456']],
  },
};

export const jwt: IdentifierKind = {
  name: 'jwt',
  dataClass: 'secret',
  keys: [],
  validate: isJwt,
  shape: patternShape([literal('eyJ')], 98, jwtInText, isJwt),
  confidence: 98,
  traps: ['three dotted words', 'base64 of JSON that is no header', 'a header without `alg`'],
  source: 'RFC 7519, section 3; RFC 7515, section 4.1.1',
  examples: {
    match: [
      ['id_token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl'],
      'Cookie: s=eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJqdGkiOiJhYiJ9.',
    ],
    noMatch: ['eyJmb28iOiJiYXIifQ.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl', 'one.two.three', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9'],
  },
};

export const bearerToken: IdentifierKind = {
  name: 'bearer_token',
  dataClass: 'secret',
  keys: [
    '*_access_token', '*_auth_token', '*_refresh_token', '*_id_token', '*_oauth_token', '*_login_token', '*_user_token', '*_token',
    'authorization_code', 'x_auth_token', 'oauth_verifier', 'auth_key', 'auth_ticket', 'bearer', 'ticket', 'skey', 'p_skey',
    'access_ticket',
  ],
  validate: isRandomToken,
  confidence: 85,
  traps: ['anti-forgery tokens', 'page and continuation tokens', 'words and flags under `token`'],
  source: 'RFC 6750, section 2; RFC 6749, section 1.4',
  examples: {
    match: [
      ['Authorization', 'Bearer kQ_7.C3x-9.2ZwT'], ['access_token', 'ya29.a0AfH6SMB3kq8Vd2'],
      ['authorization_code', '7B1CE0D24A9168F0C219357B3F2D3AA1'], '{"refreshToken":"1//0gk3Vw9xQmZp4"}',
    ],
    noMatch: [
      ['access_token', ''], ['token', 'true'], ['csrf_token', 'f65d8cdbd66b807cf0cb4ec007a97e9b'], ['nextPageToken', 'CAUQAA7d9f2k1'],
      ['X-XSRF-TOKEN', 'f65d8cdbd66b807cf0cb4ec0'], ['token', 'this.token'],
    ],
  },
};

export const sessionToken: IdentifierKind = {
  name: 'session_token',
  dataClass: 'session',
  keys: [
    '*_session_id', '*_session', '*_sess_id', '*_sess', '*_sid', '*_session_key', '*_session_token', '*_session_guid', 'jsessionid',
    'jsessionidsso', 'phpsessid',
    'aspsessionid', 'asp_net_sessionid', 'aspxauth', 'cfid', 'cftoken', 'connect_sid', 'laravel_session', 'ci_session', 'remember_token',
    'remember_me',
    'sessionid_ss', 'auth_cookie', 'sso', 'sso_session',
  ],
  validate: (value) => isRandomToken(value.split('|')[0]!.length >= 8 ? value.split('|')[0]! : value),
  mask: maskSecret,
  confidence: 85,
  traps: ['session counters and start times', 'anti-forgery and experiment cookies', 'words under `session`'],
  source: 'OWASP Session Management Cheat Sheet (session id name fingerprinting, length, entropy); Jakarta Servlet 6.0, section 7.1.1 (JSESSIONID)',
  examples: {
    match: [
      ['JSESSIONID', '3A9C61E8F04B725D8E13C7A95F60D2B4', 'http.request.header.cookie.JSESSIONID'],
      ['clientSessionId', '1e7f4a92-b06d-4c38-8f51-93da27c6e0b4'], ['sid', 'kddN8QG5YZ1U'],
      ['X-Qlik-Session', '2f6d3b1c-88a1-4c7e-9b55-0d7e4f1a2b3c'],
      ['jupyterhub-session-id', 'b7af84db6264410798c8aeeb8c9fc547'],
      ['connect.sid', 's%3AJ8d2kfP0q.W7xm3', 'http.request.header.cookie.connect.sid'],
    ],
    noMatch: [
      ['session', 'true'], ['sid', '7'], ['session_start', '1650284179'], ['sid', '1650284179'],
      ['session_id', '00000000-0000-0000-0000-000000000000'],
      ['session_count', '1234567890123'], ['_xsrf', '2|8b336cae|f65d8cdbd66b807cf0cb4ec007a97e9b|1696029484'],
      ['ab_session', '9f3c2d1e8b7a'], ['session', 'homepage-banner'],
    ],
  },
};

const visitorCookies = [
  '_ga', '_gid', '__utma', '__gads', '__gpi', '_fbp', '_fbc', 'fr', 'datr', 'muid', 'anid', 'nid', 'ide', 'dsid', 'aa002', 'uuid2', 'tuuid',
  'anj', '_hjid', '_pk_id', '__unam',
  '__qca', '_scid', '_ttp', '_uetvid', 'hm_lvt', 'baiduid', 'bidupsid', 'cna', 'yandexuid', '_ym_uid', 'demdex', 'tdid', 'tdcpm', 's_vi',
  'visid', 'optimizely_end_user_id',
] as const;

export const trackingId: IdentifierKind = {
  name: 'tracking_id',
  dataClass: 'device',
  keys: visitorCookies,
  within: 'cookie',
  validate: (value) => /^\S{10,256}$/.test(value) && (value.match(/[\da-f]/gi)?.length ?? 0) >= 8 && distinct(value) >= 5
    && !isPlaceholder(value) && !isTimestamp(value),
  // Analytics cookies carry the visitor's number among counters and times of visits: the token is made of that number alone.
  normalise: (value) => /^(\d{6,12}\.\d{6,12})\.\d{10}\./.exec(value)?.[1] ?? /^GA\d\.\d-?\d?\.(\d+\.\d+)$/.exec(value)?.[1] ?? value,
  confidence: 60,
  traps: ['`__utmb`, `__utmc`, `__utmz`: session, and how one came to the site', 'consent and experiment cookies'],
  source: 'https://developers.google.com/analytics/devguides/collection/analyticsjs/cookie-usage',
  examples: {
    match: [
      ['__utma', '151903082.601193707.1258578040.1258578041.1258578042.1', 'http.request.header.cookie.__utma'],
      ['_ga', 'GA1.2.1033501218.1368477899', 'http.request.header.cookie._ga'],
      ['MUID', 'CCAA033A6DD94267B8446A5E81EDD694', 'http.response.header.set-cookie.MUID'],
    ],
    noMatch: [
      ['__utmz', '150903082.1258578040.1.1.utmccn=(organic)', 'http.request.header.cookie.__utmz'],
      ['__utmc', '150903082', 'http.request.header.cookie.__utmc'], ['_ga', 'OPTOUT', 'http.request.header.cookie._ga'],
      ['nid', '20240312094512', 'url.query.nid'], ['fr', 'f65d8cdbd66b', 'url.query.fr'],
    ],
  },
};

/** A visitor under a name that says so, in cookies and anywhere else. */
export const visitorId: IdentifierKind = {
  name: trackingId.name,
  dataClass: trackingId.dataClass,
  keys: [
    'ajs_anonymous_id', '*_anonymous_id', '*_visitor_id', 'visitor_uuid', 'visitor_uid', 'tracking_id', 'browser_id', 'browser_fingerprint',
    'cookie_id',
  ],
  validate: trackingId.validate,
  confidence: 70,
  traps: ['tracking numbers of parcels'],
  source: 'https://segment.com/docs/connections/spec/identify/ (anonymousId)',
  examples: {
    match: [['anonymousId', '507f191e810c19729de860ea'], ['visitor_id', 'e84639b7-9400-406c-97e1-03f8da4815f9']],
    noMatch: [
      ['visitor_id', '12'], ['anonymous', 'true'], ['tracking_number', '1Z999AA10123456784'],
      ['visitorId', '00000000-0000-0000-0000-000000000000'],
    ],
  },
};
