import {
  apiKeyAnchors, apiKeyInText, isPrefixedApiKey, isPrefixedPublishableKey, publishableKeyAnchors, publishableKeyInText, startOfApiKey,
} from '../api-keys.ts';
import { isJwt, jwtInText } from '../jwt.ts';
import type { IdentifierKind, Shape } from '../kind.ts';
import { distinct, isPassword, isPlaceholder, isRandomToken, isTimestamp } from '../opaque.ts';
import { maskSecret } from '../mask.ts';
import { any, literal, sequence } from '../scan/anchor.ts';
import { matchAround, patternShape, type Reach } from '../shape.ts';

/** `user:password` before the host of a URL, up to the `@`. */
const userInfo: Reach = { pattern: /\b[a-z][a-z0-9+.-]{1,15}:\/\/([^\s/:@"'<>]{1,64}:[^\s/@"'<>]{1,128})@/gi, before: 213, after: 0 };

const findUserInfo: Shape['find'] = (text, at, from, visit) => {
  if (!text.slice(Math.max(from, at - userInfo.before), at).includes('://')) return from;
  const url = matchAround(userInfo, text, at, from);
  if (url === null) return from;
  const credentials = url.groups[0]!;
  if (isPassword(credentials.slice(credentials.indexOf(':') + 1))) visit(url.end - 1 - credentials.length, url.end - 1);
  return url.end;
};

export const basicCredentials: IdentifierKind = {
  name: 'basic_credentials',
  dataClass: 'secret',
  keys: [],
  // The recogniser passes the decoded `user:password` of an Authorization header; see authorization.ts.
  validate: (value) => /^[^\p{Cc}:]{0,256}:\P{Cc}{0,256}$/u.test(value) && value.length > 2,
  shape: { anchors: [sequence('@', any, any)], confidence: 90, find: findUserInfo },
  parts: (value) => [value.slice(0, value.indexOf(':')), value.slice(value.indexOf(':') + 1)],
  confidence: 99,
  traps: ['A word after `Basic` that is not base64 is no login.', '`user@host` in a URL has no password.'],
  source: 'RFC 7617, section 2; RFC 3986, section 3.2.1',
  examples: {
    match: [
      ['Authorization', 'Basic amFuZTpjb3JyZWN0LWhvcnNl'], ['Proxy-Authorization', 'basic b3BzOjE6MzQ='],
      'fetch http://jane:correct-horse@files.example.org/a',
    ],
    noMatch: [['Authorization', 'Basic realm'], 'http://jane@files.example.org/', 'see http://files.example.org:8080/@jane'],
  },
};

/** A client's proof that it knows the password. It can be attacked offline, and grants the access for which the digest was computed. */
export const digestCredentials: IdentifierKind = {
  name: 'digest_credentials',
  dataClass: 'secret',
  keys: [],
  // The recogniser passes the `response` of an Authorization header; see authorization.ts.
  validate: (value) => /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(value) && distinct(value) >= 5,
  confidence: 90,
  traps: ['The challenge of a server has a nonce, but no response.'],
  source: 'RFC 7616, section 3.4; RFC 3261, section 22.4',
  examples: {
    match: [
      [
        'Authorization',
        'Digest username="pbx40718", realm="sip.example.org", nonce="93e0d5c17fa64b2880a1c7de40f5b36", uri="sip:sip.example.org", '
          + 'response="4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2"',
      ],
    ],
    noMatch: [
      ['WWW-Authenticate', 'Digest realm="sip.example.org", nonce="93e0d5c17fa64b2880a1c7de40f5b36"'],
      ['response', '4ec5f0e1ba6b2a1a77a1c6e4e5f1b9d2'],
      ['Authorization', 'Digest username="pbx40718", response=""'],
    ],
  },
};

/** Payloads that vulnerability scanners put into any parameter. */
function isProbe(value: string): boolean {
  return /\/etc\/passwd|\.\.\/\.\.|<script|(?:union|select)\s.{0,64}\b(?:select|from)\b|'\s*(?:or|and)\s.{0,32}=/i.test(value);
}

/** `PWD=/home/jane`, a shell's working directory; `PASSWORD: 0x02`, a constant. */
function isOfShell(value: string): boolean {
  return /^(?:\/[\w.-]+){2,16}\/?$|^0x[\da-f]{1,8}$/i.test(value);
}

export const password: IdentifierKind = {
  name: 'password',
  dataClass: 'secret',
  keys: [
    '*_password', '*_passwd', 'pwd', '*_pwd', 'pass', 'passphrase', 'pass_word', 'user_pass', 'j_password', 'login_pass', 'passcode',
    'secret_answer', 'passwort', 'kennwort', 'mot_de_passe', 'contrasena', 'senha', 'mima', 'psw', 'pswd', 'passw', 'pword', 'user_psw',
    'wifi_pass', 'wifi_key', 'wpa_psk', 'psk', 'db_pass', 'otp', 'otp_code', 'one_time_code', 'sms_code', 'pincode', 'security_answer',
    'old_pass', 'new_pass', 'txt_password', 'requirepass', 'auth_pass', 'sip_password', 'room_password', 'meeting_password', 'enc_pwd',
  ],
  validate: (value) => isPassword(value) && !isProbe(value) && !isOfShell(value),
  confidence: 95,
  traps: [
    'Labels of forms look like keys.', 'The password of an ICE session (RFC 8839, section 5.4) is drawn anew for each.',
    'Some values are already replaced by stars.', 'Scanners send probes as passwords (`;cat /etc/passwd`).',
    '`password=` may have no value.', '`PWD` is the folder in which a shell runs.',
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
      ['pass', ';cat /etc/passwd'], ['password_required', 'yes1'], ['PWD', '/home/jane/project'], 'USERNAME_PASSWORD: 0x02,',
    ],
  },
};

/**
 * Reading it on the path reveals no more than the page or app itself does. But if its owner has not restricted it, anyone can use it at the owner's
 * expense, and a Google key of a project with Gemini enabled gives access to Gemini too.
 */
export const publishableKey: IdentifierKind = {
  name: 'publishable_key',
  dataClass: 'secret',
  keys: ['*_publishable_key', '*_publishable_api_key'],
  validate: (value) => isPrefixedPublishableKey(value) || isRandomToken(value),
  shape: patternShape({ anchors: publishableKeyAnchors, confidence: 97, pattern: publishableKeyInText, accept: isPrefixedPublishableKey }),
  confidence: 90,
  traps: ['The secret keys of the same vendors (`sk_live_`, `GOCSPX-`, `sk.` of Mapbox) are reported as an `api_key` or a token.'],
  source: 'https://firebase.google.com/docs/projects/api-keys; https://cloud.google.com/docs/authentication/api-keys-best-practices; '
    + 'https://docs.stripe.com/keys; https://docs.mapbox.com/help/dive-deeper/access-tokens/; https://supabase.com/docs/guides/api/api-keys; '
    + 'https://posthog.com/docs/api; https://docs.datadoghq.com/account_management/api-app-keys/#client-tokens',
  examples: {
    match: [
      'AIzaSyD4k9mQ2wXr7LpVbN8cT1uYhG5sJ3fEo0Z', ['x-goog-api-key', 'AIzaSyD4k9mQ2wXr7LpVbN8cT1uYhG5sJ3fEo0Z'],
      ['key', 'AIzaSyD4k9mQ2wXr7LpVbN8cT1uYhG5sJ3fEo0Z'], ['Authorization', 'Bearer pk_live_51H8xQ2mT7vR4nWc9ZkYpB3sD6gJ0fL'],
      ['Authorization', 'Basic cGtfbGl2ZV81MUg4eFEybVQ3dlI0bldjOVprWXBCM3NENmdKMGZMOg=='],
      ['access_token', 'pk.eyJ1IjoiYW5uLWxlZSIsImEiOiJjbHE3eHYybTkwMWtkMmptejR3cDNiOHRuIn0.Qw7Zk2Xv9Tm4Rb1Nc8Yp3g'],
      ['apikey', 'sb_publishable_k3Qx8vT2mW5yB7nR1cL9dF_4gH6jK0p'], 'phc_k3Qx8vT2mW5yB7nR1cL9dF4gH6jK0pS3uV8xZ2aQ5eT',
      ['dd-api-key', 'pub4f8d2c19ab7e4d0153c86a2f7e90b1d4'], ['stripe_publishable_key', '51H8xQ2mT7vR4nWc9ZkYpB3s'],
    ],
    noMatch: [
      'AIzaSyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', ['key', 'sk_live_51H8xQ2mT7vR4nWc9ZkYpB3sD6gJ0fL'], 'pk_live_is_a_prefix', 'publisher',
      ['access_token', 'ya29.a0AfH6SMB3kq8Vd2'], ['x-api-key', '4f8d2c19ab7e4d01'],
    ],
  },
};

export const apiKey: IdentifierKind = {
  name: 'api_key',
  dataClass: 'secret',
  keys: [
    '*_api_key', 'x_api_key', '*_secret_key', '*_client_secret', '*_app_secret', '*_access_key', '*_access_key_id', '*_access_key_secret',
    '*_api_secret', 'subscription_key', 'shared_access_signature', 'ocp_apim_subscription_key', '*_account_key', '*_shared_access_key',
    '*_storage_key', '*_secret_access_key', 'x_amz_credential', 'aws_access_key', 'ossaccesskeyid', 'accesskeyid', 'access_key_secret',
    'secret_id', 'x_goog_api_key', '*_private_key', '*_master_key', '*_encryption_key', '*_signing_key', '*_webhook_secret', '*_shared_secret',
    'sdk_secret', 'x_functions_key', 'app_certificate', 'consumer_secret', 'x_auth_key', 'x_algolia_api_key', 'dd_api_key', 'dd_application_key',
    'x_vault_token', 'x_consul_token',
  ],
  validate: (value) => isPrefixedApiKey(value) || isRandomToken(value),
  shape: patternShape({ anchors: apiKeyAnchors, confidence: 97, pattern: apiKeyInText, accept: isPrefixedApiKey, begin: startOfApiKey }),
  confidence: 90,
  traps: [
    'Keys from manuals open nothing (`AKIAIOSFODNN7EXAMPLE`).', 'Names of keys are not keys.',
    'A prefix before a run of one letter is a placeholder.',
    'Keys that pages and apps carry (`AIza…`, `pk_live_…`) are reported as a `publishable_key`.',
  ],
  source: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html; https://docs.github.com/en/code-security/secret-scanning; '
    + 'https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage',
  examples: {
    match: [
      ['x-api-key', '4f8d2c19ab7e4d01'], 'key AKIAQ3EGRHZ5JXKT2W7B in a log',
      'token ghp_9sKd82hFq01LmZx7Pv3TtRrYwQeBn5cVgUaJ', 'see 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', 'glpat-x7Kq2Pv9TzR4mW1sYb8N',
      'AccountKey=Zk3Qx8vT2mW5yB7nR1cL9dF4gH6jK0pS3uV8xZ2aQ5eT7wY1oI4rU6tP9sD3fG7hJ0kL2zX5cV8bN1mQ4wE6rA==',
      'npm_k3Qx8vT2mW5yB7nR1cL9dF4gH6jK0pS3uV8x',
      'bot 8261945073:AAHq7Zm2XvT8hDrThB3W6RvBhYkybhCkuoE',
      ['key', 'sk_live_51H8xQ2mT7vR4nWc9ZkYpB3sD6gJ0fL'],
      'POST https://hooks.slack.com/services/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',
    ],
    noMatch: [
      'AKIAIOSFODNN7EXAMPLE',
      ['api_key', 'none'],
      ['apiKey', 'production'],
      'AKIAAAAAAAAAAAAAAAAA',
      ['key', 'abc123def456'],
      ['public_key', 'AbC9dF4gH6jK0pS3'],
      'sk-learn-contrib-is-a-package',
      'hf_hub_download',
      ['integrity', 'sha512-k3Qx8vT2mW5yB7nR1cL9dF4gH6jK0pS3uV8x'],
    ],
  },
};

export const jwt: IdentifierKind = {
  name: 'jwt',
  dataClass: 'secret',
  keys: [],
  validate: isJwt,
  shape: patternShape({ anchors: [literal('eyJ')], confidence: 98, pattern: jwtInText, accept: isJwt }),
  confidence: 98,
  traps: ['Three words joined by dots have a similar form.', 'The first part must be base64 of a JSON object that has `alg`.'],
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
    'authorization_code', 'x_auth_token', 'oauth_verifier', 'auth_key', 'auth_ticket', 'bearer', 'ticket', 'skey', 'p_skey', 'access_ticket',
    'access_tok', 'auth_tok', 'oauth', 'oauth2_token', 'oauth_access_token', 'oauth_code', 'code_verifier', 'device_code', 'id_token_hint',
    'client_assertion', 'assertion', 'saml_response', 'samlresponse', 'saml_assertion', 'zak', 'zak_token', 'zoom_access_token', 'wx_ticket',
    'a2', 'tgt', 'tgtgt', 'st_ticket', 'pskey', 'lskey', 'bduss', 'stoken', 'ptoken', 'cookie2', 'm_h5_tk', 'x_sid', 'sso_ticket', 'sso_token',
    'reset_code', 'remember_token', 'user_sig', 'usersig', 'rtc_token', 'rtm_token', 'agora_token', 'channel_token', 'room_token',
    'meeting_token', 'nim_token', 'im_token', 'rong_token', 'easemob_token', 'kerberos_ticket', 'x_access_token', 'x_user_token',
    'x_session_token', 'x_amz_security_token', 'security_token', 'sts_token', 'plex_token', 'x_plex_token',
  ],
  validate: (value) => isRandomToken(value) && !/^urn:|^opaquelocktoken:|^(?:[\dA-F]{2}:){4,}/i.test(value),
  confidence: 85,
  traps: [
    'Locks of WebDAV, fingerprints, anti-forgery tokens, and page and continuation tokens give access to nothing.',
    'Under `token` there are words and flags as well.',
  ],
  source: 'RFC 6750, section 2; RFC 6749, section 1.4',
  examples: {
    match: [
      ['Authorization', 'Bearer kQ_7.C3x-9.2ZwT'], ['access_token', 'ya29.a0AfH6SMB3kq8Vd2'],
      ['authorization_code', '7B1CE0D24A9168F0C219357B3F2D3AA1'], '{"refreshToken":"1//0gk3Vw9xQmZp4"}',
    ],
    noMatch: [
      ['access_token', ''],
      ['token', 'true'],
      ['csrf_token', 'a17c3e90b84d52f6e0917bc34d8fa265'],
      ['nextPageToken', 'CAUQAA7d9f2k1'],
      ['X-XSRF-TOKEN', 'a17c3e90b84d52f6e0917bc3'],
      ['token', 'this.token'],
      ['Lock-Token', '<urn:uuid:5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8>'],
      ['token', 'C1:A8:51:DA:C5:0A:6D:F5'],
      'private_key: "_EllipticCurvePrivateKey"',
    ],
  },
};

export const sessionToken: IdentifierKind = {
  name: 'session_token',
  dataClass: 'session',
  keys: [
    '*_session_id', '*_session', '*_sess_id', '*_sess', '*_sid', '*_session_key', '*_session_token', '*_session_guid', 'jsessionid',
    'jsessionidsso', 'phpsessid', 'aspsessionid', 'asp_net_sessionid', 'aspxauth', 'cfid', 'cftoken', 'connect_sid', 'laravel_session',
    'ci_session', 'remember_token', 'remember_me', 'sessionid_ss', 'auth_cookie', 'sso', 'sso_session', 'sess_token', 'sess_key',
    'session_secret', 'sessid', 'sessionid', 'sid_tt', 'sid_guard', 'sid_ucp_v1', 'uid_tt', 'asp_net_session_id', 'asp_net_core_session',
    'asp_net_core_cookies', 'asp_net_core_identity_application', 'wordpress_logged_in', 'wordpress_sec', 'wp_session', 'play_session',
    'rack_session', 'express_sid', 'koa_sess', 'jsession', 'j_session_id', 'zend_session', 'frontend', 'php_session_id', 'web_session',
    'sessdata', 'kuaishou_server_web_st', 'xq_a_token', 'zm_cluster_sid', '*_login_session', '*_session_hash', '*_session_uuid',
    'session_ticket', 'x_session_id', 'x_auth_session', 'auth_session', 'user_session',
  ],
  validate: (value) => isRandomToken(value.split('|')[0]!.length >= 8 ? value.split('|')[0]! : value) && !/^[^;]+;\w+;\w+(?:;|$)/.test(value),
  mask: maskSecret,
  confidence: 85,
  traps: [
    'Session counters and start times open nothing.', 'Nor does the Session-Id of Diameter, which is a counter (RFC 6733, section 8.8).',
    'Cookies against forgery and those of experiments are not sessions.', 'Under `session` there are words as well.',
  ],
  source: 'OWASP Session Management Cheat Sheet (session id name fingerprinting, length, entropy); Jakarta Servlet 6.0, section 7.1.1 (JSESSIONID)',
  examples: {
    match: [
      ['JSESSIONID', '3A9C61E8F04B725D8E13C7A95F60D2B4', 'http.request.header.cookie.JSESSIONID'],
      ['clientSessionId', '1e7f4a92-b06d-4c38-8f51-93da27c6e0b4'], ['sid', 'kddN8QG5YZ1U'],
      ['X-Qlik-Session', '2f6d3b1c-88a1-4c7e-9b55-0d7e4f1a2b3c'],
      ['jupyterhub-session-id', '5d20c9e714fb4a8390b6e2f7a1d83c46'],
      ['connect.sid', 's%3AJ8d2kfP0q.W7xm3', 'http.request.header.cookie.connect.sid'],
    ],
    noMatch: [
      ['session', 'true'], ['sid', '7'], ['session_start', '1650284179'], ['sid', '1650284179'],
      ['session_id', '00000000-0000-0000-0000-000000000000'],
      ['session_count', '1234567890123'],
      ['session_id', 'gw7.example.org;1263;2788781473'],
      ['_xsrf', '2|8b336cae|a17c3e90b84d52f6e0917bc34d8fa265|1712345678'],
      ['ab_session', '9f3c2d1e8b7a'],
      ['session', 'homepage-banner'],
    ],
  },
};

/** Names that mean a session in cookies, and could mean anything elsewhere. */
export const sessionCookie: IdentifierKind = {
  name: sessionToken.name,
  dataClass: sessionToken.dataClass,
  keys: [
    'ssid', 'sid', 'hsid', 'osid', 'lsid', 'apisid', 'sapisid', 'secure_1psid', 'secure_3psid', 'secure_1papisid', 'secure_3papisid',
    'secure_1psidts', 'sidcc', 'xs', 'li_at', 'reddit_session', 'token', 'access', 'auth', 'jwt', 'identity', 'ticket', 'sess', 's', 'k',
    'login', 'user_auth', 'user_token', 'passport', 'pass_token', 'service_token', 'cookie2', 'lgc', 'unb', 'sgcookie', 'sub', 'subp',
    'bduss_bfess', 'stoken_bfess', 'dtoken', 'wr_skey', 'pt4_token', 'steamloginsecure', 'roblosecurity', 'nflxsecure', 'netflixid',
    'securenetflixid', 'sp_dc', 'at_main', 'sess_at_main', 'sst_main', 'x_main', 'wsid', 'gssid', 'dssid', 'ubid_main', 'oauth',
    'xenforo_session', 'xf_session', 'xf_user', 'bb_sessionhash', 'vbsessionhash', 'phpbb3_sid', 'mybbuser', 'joomla_user_state',
  ],
  within: 'cookie',
  validate: isRandomToken,
  mask: maskSecret,
  confidence: 80,
  traps: [
    'Cookies of load balancers and bot checks (`AWSALB`, `__cf_bm`, `acw_tc`) open nothing.',
    'Nor do cookies that hold a consent, a language or an experiment, or protect against forgery.',
  ],
  source: 'OWASP Session Management Cheat Sheet; https://policies.google.com/technologies/cookies (SID, HSID); https://cookiedatabase.org',
  examples: {
    match: [
      ['SSID', 'AzQ7kP2mX9vT4nB8c', 'http.request.header.cookie.SSID'], ['li_at', 'AQEDAR3kQ7Zm2XvT8hDrThB3W6', 'http.request.header.cookie.li_at'],
      ['xs', '41%3AkQ7Zm2XvT8hDrT%3A2%3A1650284179', 'http.request.header.cookie.xs'],
    ],
    noMatch: [
      ['AWSALB', 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuoEl', 'http.request.header.cookie.AWSALB'], ['xs', 'AzQ7kP2mX9vT4nB8c', 'url.query.xs'],
      ['lang', 'en-US', 'http.request.header.cookie.lang'], ['token', 'true', 'http.request.header.cookie.token'],
    ],
  },
};

const visitorCookies = [
  '_ga', '_gid', '__utma', '__gads', '__gpi', '_fbp', '_fbc', 'fr', 'datr', 'muid', 'anid', 'nid', 'ide', 'dsid', 'aa002', 'uuid2', 'tuuid',
  '_gcl_au', '_clck', 'hmaccount', 'hmaccount_bfess', 'buvid3', 'buvid4', 'ttwid', 'odin_tt', 's_v_web_id', 'khaos', 'cto_bundle', 'uid2',
  'guest_id', 'personalization_id', 'lidid', 'bcookie', 'bscookie', '_kuid_', 'ljt_reader', 'i_bsw', 'tluid', 'trc_cookie_storage', 'anj',
  '_hjid', '_pk_id', '__unam', '__qca', '_scid', '_ttp', '_uetvid', 'baiduid', 'baiduid_bfess', 'bidupsid', 'cna', 'yandexuid', '_ym_uid',
  'demdex', 'tdid', 'tdcpm', 's_vi', 'visid', 'optimizely_end_user_id', 'pgv_pvid', 'pac_uid', 'ptcz', 'um_distinctid', 'cnzz_eid', 'sinaglobal',
  'suv', 'snuid', 'ssuid', 'fuid', 'nfvdid', 'memclid', 'muidb', 'uidr', 'ai_user', '_vwo_uuid', '_mkto_trk', 'tapad_did', 'oaid', 'cmid',
  '_pin_unauth', '_rdt_uuid', '_yjsu_yjad', '_cc_id', '_parsely_visitor', '_li_ss', 'mp_mixpanel', 'visitor_info1_live',
] as const;

export const trackingId: IdentifierKind = {
  name: 'tracking_id',
  dataClass: 'device',
  keys: visitorCookies,
  within: 'cookie',
  validate: (value) => /^\S{10,256}$/.test(value) && ((value.match(/[\da-f]/gi)?.length ?? 0) >= 8 || isRandomToken(value)) && distinct(value) >= 5
    && !isPlaceholder(value) && !isTimestamp(value),
  // Analytics cookies contain the visitor's number along with counters and times of visits. The token is derived from that number alone.
  normalise: (value) => /^(\d{6,12}\.\d{6,12})\.\d{10}\./.exec(value)?.[1] ?? /^GA\d\.\d-?\d?\.(\d+\.\d+)$/.exec(value)?.[1] ?? value,
  confidence: 60,
  traps: [
    '`__utmb`, `__utmc` and `__utmz` hold the visit, and how the visitor came to the site.',
    'Cookies that hold a consent or an experiment follow nobody.',
  ],
  source: 'https://developers.google.com/analytics/devguides/collection/analyticsjs/cookie-usage',
  examples: {
    match: [
      ['__utma', '151903082.601193707.1258578040.1258578041.1258578042.1', 'http.request.header.cookie.__utma'],
      ['_ga', 'GA1.2.1033501218.1368477899', 'http.request.header.cookie._ga'],
      ['MUID', '8F31D5A0C7264BE99A0D4E72B6183FC5', 'http.response.header.set-cookie.MUID'],
      ['VISITOR_INFO1_LIVE', 'Qk7mW2zRt9w', 'http.request.header.cookie.VISITOR_INFO1_LIVE'], ['datr', 'rXuWZq3kTvNyLmPs-hGjtQoK', 'http.request.header.cookie.datr'],
    ],
    noMatch: [
      ['__utmz', '274410593.1258578040.1.1.utmccn=(organic)', 'http.request.header.cookie.__utmz'],
      ['__utmc', '274410593', 'http.request.header.cookie.__utmc'], ['_ga', 'OPTOUT', 'http.request.header.cookie._ga'],
      ['nid', '20240312094512', 'url.query.nid'], ['fr', 'f65d8cdbd66b', 'url.query.fr'],
    ],
  },
};

/** A visitor id under an unambiguous name, in cookies and anywhere else. */
export const visitorId: IdentifierKind = {
  name: trackingId.name,
  dataClass: trackingId.dataClass,
  keys: [
    'ajs_anonymous_id', '*_anonymous_id', '*_visitor_id', 'visitor_uuid', 'visitor_uid', 'tracking_id', 'browser_id', 'browser_fingerprint',
    'cookie_id', 'distinct_id', 'ajs_user_id', 'anon_user_id', 'client_fingerprint', 'fingerprint_id', 'web_id', 'webid', 'fbp', 'fbc',
    'ga_client_id', 'ga_cid', 'matomo_id', 'mcid', 'mcmid', 'aam_uuid', 'adobe_ecid', 'hs_hutk', 'hutk', 'hubspotutk', 'intercom_id', 'umid',
    'umid_token', 'dfp_id', 'canvas_fingerprint',
  ],
  validate: trackingId.validate,
  confidence: 70,
  traps: ['Parcels have tracking numbers as well.'],
  source: 'https://segment.com/docs/connections/spec/identify/ (anonymousId)',
  examples: {
    match: [['anonymousId', '507f191e810c19729de860ea'], ['visitor_id', 'e84639b7-9400-406c-97e1-03f8da4815f9']],
    noMatch: [
      ['visitor_id', '12'], ['anonymous', 'true'], ['tracking_number', '1Z999AA10123456784'],
      ['visitorId', '00000000-0000-0000-0000-000000000000'],
    ],
  },
};

/** The visitor's number of Google Analytics, outside its cookie. */
export const analyticsClient: IdentifierKind = {
  name: trackingId.name,
  dataClass: trackingId.dataClass,
  keys: ['cid', 'client_id', '_ga_cid'],
  validate: (value) => /^[1-9]\d{6,9}\.1\d{9}$/.test(value),
  confidence: 75,
  traps: ['Campaigns and radio cells have a `cid` as well.', 'The `client_id` of OAuth names the app.'],
  source: 'https://developers.google.com/analytics/devguides/collection/protocol/v1/parameters#cid',
  examples: {
    match: [['cid', '1033501218.1368477899'], ['client_id', '503917264.1731604489']],
    noMatch: [['cid', '83-207619'], ['cid', '1033501218'], ['client_id', 'harbour-web'], ['client_id', '12.34']],
  },
};
