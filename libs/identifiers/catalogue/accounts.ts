import { isGuest } from '../guest.ts';
import type { IdentifierKind } from '../kind.ts';
import { geoUriInText, isPosition, normalisePosition, receiverPositionInText, startOfReceiverPosition } from '../position.ts';
import { caseless, sequence } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';
import { isFineTimestamp, isId, isPlaceholder, isTimestamp, isUuid, isVersion } from '../opaque.ts';

export const turnUsername: IdentifierKind = {
  name: 'turn_username',
  dataClass: 'account',
  // Not by key name: the recogniser matches the path `stun.username`, which the STUN dissector keeps for long-term credentials.
  keys: [],
  validate: (value) => value.length <= 513 && !isPlaceholder(value) && !/\p{Cc}/u.test(value) && !/default_?username/i.test(value),
  // Time-limited credentials are `expiry:user`; only the user part is stable.
  normalise: (value) => /^\d{10}:(.+)$/.exec(value)?.[1] ?? value,
  confidence: 90,
  traps: [
    'An ICE user name (`remote:local`) is drawn anew for each session.',
    'A name that is built into a program is that of everybody who runs it.',
  ],
  source: 'RFC 8489, sections 9.2 and 14.3; draft-uberti-behave-turn-rest-00, section 2.2; RFC 8445, section 7.2.2',
  examples: {
    match: [['USERNAME', '1767225600:4715028369520184077', 'stun.username'], ['USERNAME', 'jdoe', 'stun.username']],
    noMatch: [
      ['USERNAME', 'k7/P:QW58', 'stun.ice_username'], ['USERNAME', '', 'stun.username'],
      ['USERNAME', 'EDGE_DEFAULT_USERNAME', 'stun.username'], ['SOFTWARE', 'Coturn-4.5.2', 'stun.software'],
    ],
  },
};

export const accountId: IdentifierKind = {
  name: 'account_id',
  dataClass: 'account',
  keys: [
    '*_account_id', 'acct_id', 'acc_id', 'account_no', 'account_number', '*_customer_id', '*_subscriber_id', 'customer_no', 'passport_id',
    'account_uuid', '*_patient_id', '*_employee_id', 'tenant_user_id', 'account_guid', 'acct_no', 'customer_number', 'cust_id', 'cust_no',
    'client_no', 'customer_uuid', 'patient_no', 'medical_record_number', 'mrn', 'employee_no', 'employee_number', 'emp_id', 'staff_id',
    'student_id', 'student_no', 'policy_holder_id', 'loyalty_id', 'membership_id', 'membership_number', 'insured_id', 'nhs_number',
    'taxpayer_id', 'owner_account_id',
  ],
  validate: (value) => isId(value) && /\d/.test(value) && !isFineTimestamp(value),
  integer: true,
  confidence: 85,
  traps: ['Flags and unfilled templates stand under such keys as well.'],
  source: '28 CFR 202.234 (listed identifiers: account or user name)',
  examples: {
    match: [['account_id', '88213'], ['customerId', 'C-20331'], 'acct_id=88213&x=1'],
    noMatch: [['account_id', '0'], ['account_id', 'null'], ['account_type', '88213'], ['discount_id', '88213']],
  },
};

export const userId: IdentifierKind = {
  name: 'user_id',
  dataClass: 'account',
  keys: [
    '*_user_id', 'uid', 'usr_id', '*_userid', 'uin', 'qq_uin', 'open_id', 'union_id', 'wx_id', 'member_id', 'user_no', '*_user_uuid',
    '*_user_guid', 'person_id', 'participant_id', 'player_id', 'login_id', 'fb_id', 'facebook_id', 'google_id', 'twitter_id', 'vk_id',
    'line_user_id', 'puid', 'ruid', 'user_key', 'userident', 'auid', 'buyer_id', 'follower_id', 'viewer_id', 'speaker_id', 'member_no',
    'member_uuid', 'member_guid', 'profile_id', 'identity_id', 'external_user_id', 'principal_id', 'uid64', 'uid_str', 'user_id_str',
    'user_number', 'usr_no', 'user_code',
    // Voice and meeting services.
    'rtc_uid', 'agora_uid', 'string_uid', 'stream_uid', 'screen_share_uid', 'participant_uuid', 'attendee_id', 'host_uid', 'anchor_id',
    'anchor_uid', 'broadcaster_id', 'performer_id', 'streamer_id', 'publisher_uid', 'zoom_id', 'webex_id', 'im_user', 'imid', 'accid',
    'yunxin_accid', 'im_account', 'agora_account', 'huid', 'peer_uid', 'ucid', 'ssoid',
    // Portals, games and messengers.
    'ptui_loginuin', 'pt_login_uin', 'pt2gguin', 'luin', 'p_luin', 'superuin', 'qq', 'qq_no', 'qq_num',
    'qq_number', 'qqid', 'host_uin', 'login_uin', 'p_uin', 'friend_uin', 'to_uin', 'wxid', 'wx_uin', 'weixin_id', 'wechat_id',
    'weixin_uin', 'alipay_user_id', 'alipay_uid', 'taobao_uid', 'sina_uid', 'weibo_id', 'dy_uid', 'douyin_id', 'sec_uid',
    'sec_user_id', 'short_uid', 'ks_uid', 'kwai_id', 'xhs_uid', 'momo_id', 'momoid', 'yyuid', 'yy_uid', 'hy_uid', 'mi_uid', 'xiaomi_uid',
    'cuserid', 'player_uid', 'xuid', 'steam_id', 'steamid64', 'psn_id', 'epic_id', 'riot_id', 'puuid', 'nintendo_id', 'discord_id',
    'telegram_id', 'tg_id', 'tg_user_id', 'viber_id', 'kakao_id', 'kakao_user_id', 'whatsapp_id', 'ig_id', 'instagram_id', 'snapchat_id',
    'linkedin_id', 'apple_user_id', 'apple_uid', 'msa_id', 'google_user_id', 'gaia', 'gaia_id', 'c_user', 'ds_user_id', 'twid', 'vkid',
  ],
  validate: (value) => isId(value) && !isFineTimestamp(value) && !isVersion(value) && !/^[\d.]+,/.test(value) && !isSoftware(value),
  integer: true,
  confidence: 88,
  traps: [
    'Words such as true, null and undefined, 0, and unfilled templates are not ids.', 'The `uid` of a Unix process is often 0.',
    'The `sender_id` of a push service names the app.', 'Scripts have variables of these names.',
    'Versions of a package of that name are not ids.', 'Labels repeat their key (`{"ksuid":"KSUID"}`).',
  ],
  source: '28 CFR 202.234 (listed identifiers: account or user name); https://docs.agora.io/en/video-calling/overview/core-concepts (user id)',
  examples: {
    match: [
      ['user_id', '42'], ['userId', 'lab_inventory'], ['uid', '1444875380'],
      ['_uid', '"c274_3310986457120043371"', 'http.request.header.cookie._uid'], ['X-User-ID', 'jane'], 'user_id=42&room=lobby',
      '"uid":"42"', 'uid: 42',
      'UserDirectory=internal;UserId=lab_inventory', '{\\"uid\\":\\"4711\\"}', '<userId>4711</userId>',
      ['id', '4711', 'http.request.body.json.user.id'],
    ],
    noMatch: [
      ['uid', ''], ['uid', 'true'], ['uid', '0'], ['uid', 'null'], ['uid', 'undefined'], ['user_id', '{user_id}'], ['user_id', '%s'],
      ['user_id', '${uid}'], ['user_id', '<uid>'], ['uid', '1650284179123456'],
      ['fluid', '42'], ['guide', '42'], 'the fluid: 42 litres', 'uid: of a process', 'userId:e.userId,name:e.name',
      ['user_id', 'https://example.org/u/1'], ['user_id_type', 'open_id'], ['sender_id', '103953800507'],
      ['uid', '2.0.2'], 'ids = { uuid: "UUID", ksuid: "KSUID" }',
    ],
  },
};

/** The subject of a token, as identified to the service that issued it. */
export const tokenSubject: IdentifierKind = {
  ...userId,
  keys: ['sub', 'oid', 'user', 'uid', 'cognito_username', 'puid'],
  within: 'jwt',
  validate: (value) => isId(value) && value.length >= 2 && !isTimestamp(value) && !value.includes('.apps.googleusercontent.com'),
  traps: ['The subject of a token that was issued to a program is the name of that program.'],
  source: 'RFC 7519, section 4.1.2; https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference',
  examples: {
    match: [
      ['sub', '88213', 'http.request.header.authorization.claims.sub'],
      ['oid', '5c1e2f7a-94d0-4b3e-8a61-07f2d9c4e1b8', 'url.query.t.claims.oid'],
    ],
    noMatch: [
      ['sub', '88213', 'url.query.sub'],
      ['sub', 'null', 'url.query.t.claims.sub'],
    ],
  },
};

/** User agents in place of a user name: `Mozilla/5.0`, `okhttp/4.9.1`. */
function isSoftware(value: string): boolean {
  return /^[A-Za-z][\w.-]{1,32}\/v?\d+(?:\.\d+)/.test(value);
}

/** Values of `login` and `user` that are actions, prompts or results instead of names. */
const answers =
  /^(?:user|login|account|admin-ajax|success|failed|ok|error|status|form|signin|signup|register|logout|submit|ftp|guest|me|self|current|new|edit|all|any)$/i;

/** `DOMAIN\\user` as written by Windows ([MS-ADTS], section 5.1.1.1.1), or a distinguished name (RFC 4514). */
function isDomainUser(value: string): boolean {
  return (
    /^[\p{L}\p{N}.-]{1,64}\\{1,2}[\p{L}\p{N}._$-]{2,64}$/u.test(value) ||
    /^(?:cn|uid)=[^,=]{1,128}(?:,(?:ou|dc|o|c|cn|l|st)=[^,=]{1,128}){1,16}$/i.test(value)
  );
}

/** Names by which scanners identify themselves; those of Nessus are file names. */
export function isScanner(value: string): boolean {
  return /^(?:nmap|nessus)$|\.nbin$/i.test(value);
}

export const userName: IdentifierKind = {
  name: 'user_name',
  dataClass: 'account',
  keys: [
    '*_user_name', '*_username', 'user', 'login', 'login_name', 'login_user', 'screen_name', 'account', 'account_name', 'j_username', 'usr',
    'usr_name', '*_user_account', '*_login_account', 'user_acct', 'acct', 'user_handle', 'gamertag', 'gamer_tag', 'logon_name', 'logon_user',
    'signin_name', 'sign_in_name', 'nt_user', 'ad_user', 'ldap_user', 'domain_user', 'windows_user', 'os_user', 'unique_name', 'mstshash',
    'wbuser', 'x_authenticated_user', 'auth_user', 'x_webauth_user', 'x_forwarded_preferred_username', 'user_principal_name', 'upn',
    'subject_dn', 'bind_dn', 'uname', 'logname', 'user_login', 'principal', 'sam_account_name', 'x_remote_user', 'remote_user',
    'x_forwarded_user',
  ],
  validate: (value) =>
    (isId(value) || isDomainUser(value)) &&
    !isFineTimestamp(value) &&
    value.length >= 2 &&
    !answers.test(value) &&
    !isSoftware(value) &&
    !isGuest(value) &&
    !isScanner(value),
  confidence: 75,
  traps: [
    'Labels on pages look like keys (`User name: logoff`).', 'Under `login` there are flags as well.',
    'Names of columns are not names of users.',
  ],
  source: 'RFC 7616, section 3.4 (username); RFC 4120, section 6.2 (principal names)',
  examples: {
    match: [
      ['username', 'notebook-alex'], ['user', 'fake'], 'Authorization: Digest username="pbx40718",realm="sip.example.org"',
      ['name', 'chris', 'http.request.body.json.user.name'], 'login=jane&password=s3same',
    ],
    noMatch: [
      ['login', 'true'], 'User name: logoff', ['user', 'undefined'], ['username', '<username>'], ['user_agent', 'curl8'], ['account', ''],
    ],
  },
};

export const personName: IdentifierKind = {
  name: 'person_name',
  dataClass: 'person',
  keys: [
    'display_name', '*_nick_name', '*_nickname', 'real_name', 'full_name', 'first_name', 'last_name', 'family_name', 'given_name', 'sur_name',
    'sender_name', 'receiver_name', 'patient_name', 'middle_name', 'contact_name', 'customer_name', 'caller_name', 'participant_name',
    'attendee_name', 'guest_name', 'employee_name', 'student_name', 'person_name', 'legal_name', 'card_holder', 'cardholder_name',
    'account_holder', 'recipient_name', 'maiden_name', 'mother_name', 'truename', 'xingming', 'nick',
  ],
  validate: (value) =>
    /^[\p{L}][\p{L}\p{M}\p{N} .,'’^_-]{1,63}$/u.test(value) && !/\d{6}/.test(value) && !isPlaceholder(value) && !isUuid(value),
  normalise: (value) => value.normalize('NFKC').trim().toLowerCase().replaceAll(/\s+/g, ' '),
  confidence: 65,
  traps: ['Files, apps and devices have names as well.', 'Empty and default names name nobody.', 'Programs draw names with long numbers.'],
  source: 'OpenID Connect Core 1.0, section 5.1 (name, nickname, given_name, family_name)',
  examples: {
    match: [['display_name', 'Jane Doe'], ['nickName', '小明'], ['realName', "Sinéad O'Connor"]],
    noMatch: [['display_name', ''], ['displayname', 'null'], ['file_name', 'Jane Doe'], ['name', 'Jane Doe'], ['nickname', '{nick}'], ['nickname', 'gull-0417382915']],
  },
};

export const geoPosition: IdentifierKind = {
  name: 'geo_position',
  dataClass: 'location',
  keys: [
    'geo_position', 'lat_lng', 'latlng', 'lat_lon', 'latlon', 'll', 'gps', 'gps_position', 'coordinates', 'coords', 'geo_location', 'location',
    'geoip_ll', 'loc', 'geo', 'lbs', 'position', 'latitude_longitude', 'lng_lat', 'lnglat', 'lonlat', 'lon_lat', 'gps_location', 'gps_info',
    'gpsinfo', 'my_location', 'last_location', 'user_location', 'coord', 'geo_point', 'geopoint', 'geo_uri', 'sll', 'cll',
  ],
  validate: isPosition,
  shape: patternShape({ anchors: [caseless('geo:')], confidence: 85, pattern: geoUriInText, accept: isPosition }),
  normalise: normalisePosition,
  confidence: 85,
  traps: [
    'The position 0,0 stands for none.', 'A position with fewer than three decimals is that of a city.',
    'Sizes of screens look like positions.',
  ],
  source: 'ISO 6709; RFC 5870 (geo URI); https://lbs.amap.com/api/webservice/guide/api/georegeo (longitude first)',
  examples: {
    match: [
      ['location', '52.520008,13.404954'], ['ll', '-33.8688,151.2093'], ['latLng', '31.2304; 121.4737'], ['lnglat', '121.47370,31.23040'],
      'share geo:52.52001,13.40495;u=35', ['loc', '52.520008,13.404954,12.5'],
    ],
    noMatch: [['location', 'Berlin'], ['ll', '0.000,0.000'], ['location', '52.5,13.4'], ['resolution', '1080.000,1794.000']],
  },
};

/** A position as reported by a satellite navigation receiver. */
export const receiverPosition: IdentifierKind = {
  name: geoPosition.name,
  dataClass: geoPosition.dataClass,
  keys: [],
  validate: isPosition,
  shape: patternShape({
    anchors: [sequence(',', 'NS', ',')], confidence: 90, pattern: receiverPositionInText, accept: isPosition, begin: startOfReceiverPosition,
  }),
  normalise: normalisePosition,
  confidence: 90,
  traps: ['A receiver that has no fix sends empty fields or zeros.'],
  source: 'NMEA 0183, sentences GGA, GLL and RMC; IEC 61162-1',
  examples: {
    match: ['$GPGGA,101502,5231.2005,N,01324.2972,E,1,08,0.9,34.0,M,46.9,M,,*5A', 'tracker,A,5231.2005,N,01324.2972,E,0.00;'],
    noMatch: ['$GPGGA,101502,,,,,0,00,,,M,,M,,*5A', '$GPGLL,0000.0000,N,00000.0000,E,101502,V*2C', '9931.2005,N,01324.2972,E', 'A,N,B'],
  },
};
