import type { IdentifierKind } from '../kind.ts';
import { isFineTimestamp, isId, isPlaceholder, isUuid } from '../opaque.ts';

export const turnUsername: IdentifierKind = {
  name: 'turn_username',
  dataClass: 'account',
  // Not by key name: the recogniser takes it from the path `stun.username`, which the STUN dissector keeps for long-term credentials.
  keys: [],
  validate: (value) => value.length <= 513 && !isPlaceholder(value) && !/\p{Cc}/u.test(value) && !/default_?username/i.test(value),
  // Time-limited credentials are `expiry:user`: the user is what stays the same.
  normalise: (value) => /^\d{10}:(.+)$/.exec(value)?.[1] ?? value,
  confidence: 90,
  traps: ['an ICE user name `remote:local` is drawn anew for each session', 'a name that is built into a program'],
  source: 'RFC 8489, sections 9.2 and 14.3; draft-uberti-behave-turn-rest-00, section 2.2; RFC 8445, section 7.2.2',
  examples: {
    match: [['USERNAME', '1767225600:5969643449701658077', 'stun.username'], ['USERNAME', 'jdoe', 'stun.username']],
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
    'account_uuid', '*_patient_id', '*_employee_id', 'tenant_user_id',
  ],
  validate: (value) => isId(value) && /\d/.test(value) && !isFineTimestamp(value),
  integer: true,
  confidence: 85,
  traps: ['flags and templates'],
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
    '*_user_guid', 'person_id', 'participant_id', 'player_id',
    'login_id', 'fb_id', 'facebook_id', 'google_id', 'twitter_id', 'vk_id', 'line_user_id', 'puid', 'ruid', 'cuid_user', 'user_key',
    'userident', 'auid', 'buyer_id', 'follower_id', 'viewer_id', 'speaker_id',
  ],
  validate: (value) => isId(value) && !isFineTimestamp(value) && !/^[\d.]+,/.test(value),
  integer: true,
  confidence: 88,
  traps: [
    'true, 0, null, undefined, templates', '`uid` of a Unix process (0)', '`sender_id` of a push service, which names the app',
    'variables in scripts',
  ],
  source: '28 CFR 202.234 (listed identifiers: account or user name); https://docs.agora.io/en/video-calling/overview/core-concepts (user id)',
  examples: {
    match: [
      ['user_id', '42'], ['userId', 'lab_inventory'], ['uid', '1444875380'],
      ['_uid', '"b019_5587704262562959860"', 'http.request.header.cookie._uid'], ['X-User-ID', 'jane'], 'user_id=42&room=lobby',
      '"uid":"42"', 'uid: 42',
      'UserDirectory=internal;UserId=lab_inventory', '{\\"uid\\":\\"4711\\"}', '<userId>4711</userId>',
      ['id', '4711', 'http.request.body.json.user.id'],
    ],
    noMatch: [
      ['uid', ''], ['uid', 'true'], ['uid', '0'], ['uid', 'null'], ['uid', 'undefined'], ['user_id', '{user_id}'], ['user_id', '%s'],
      ['user_id', '${uid}'], ['user_id', '<uid>'], ['uid', '1650284179123456'],
      ['fluid', '42'], ['guide', '42'], 'the fluid: 42 litres', 'uid: of a process', 'userId:e.userId,name:e.name',
      ['user_id', 'https://example.org/u/1'], ['user_id_type', 'open_id'], ['sender_id', '103953800507'],
    ],
  },
};

/** What stands under `login` and `user` where they ask or answer instead of naming. */
const answers = /^(?:user|login|account|admin-ajax|success|failed|ok|error|status|form|signin|submit)$/i;

export const userName: IdentifierKind = {
  name: 'user_name',
  dataClass: 'account',
  keys: [
    '*_user_name', '*_username', 'user', 'login', 'login_name', 'login_user', 'screen_name', 'account', 'account_name', 'j_username',
    'uname', 'logname', 'user_login', 'principal', 'sam_account_name', 'x_remote_user', 'remote_user', 'x_forwarded_user',
  ],
  validate: (value) => isId(value) && !isFineTimestamp(value) && value.length >= 2 && !answers.test(value),
  confidence: 75,
  traps: ['labels on pages (`User name: logoff`)', 'flags under `login`', 'names of columns'],
  source: 'RFC 7616, section 3.4 (username); RFC 4120, section 6.2 (principal names)',
  examples: {
    match: [
      ['username', 'jupyter-chris'], ['user', 'fake'], 'Authorization: Digest username="vox18063",realm="sip.example.org"',
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
    'display_name', '*_nick_name', '*_nickname', 'real_name', 'full_name', 'first_name', 'last_name', 'family_name', 'given_name',
    'sur_name', 'sender_name', 'receiver_name', 'patient_name',
  ],
  validate: (value) => /^[\p{L}][\p{L}\p{M}\p{N} .,'’_-]{1,63}$/u.test(value) && !isPlaceholder(value) && !isUuid(value),
  normalise: (value) => value.normalize('NFKC').trim().toLowerCase().replaceAll(/\s+/g, ' '),
  confidence: 65,
  traps: ['names of files, apps and devices', 'empty and default names'],
  source: 'OpenID Connect Core 1.0, section 5.1 (name, nickname, given_name, family_name)',
  examples: {
    match: [['display_name', 'Jane Doe'], ['nickName', '小明'], ['realName', "Sinéad O'Connor"]],
    noMatch: [['display_name', ''], ['displayname', 'null'], ['file_name', 'Jane Doe'], ['name', 'Jane Doe'], ['nickname', '{nick}']],
  },
};

export const geoPosition: IdentifierKind = {
  name: 'geo_position',
  dataClass: 'location',
  keys: [
    'geo_position', 'lat_lng', 'latlng', 'lat_lon', 'latlon', 'll', 'gps', 'gps_position', 'coordinates', 'coords', 'geo_location',
    'location', 'geoip_ll',
  ],
  validate: (value) => {
    const [latitude, longitude] = /^(-?\d{1,2}\.\d{3,15})[,; |]{1,2}(-?\d{1,3}\.\d{3,15})$/.exec(value)?.slice(1).map(Number) ?? [];
    if (latitude === undefined || longitude === undefined || (latitude === 0 && longitude === 0)) return false;
    return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  },
  normalise: (value) => (value.match(/-?\d+\.\d{3}/g) ?? [value]).join(','),
  confidence: 85,
  traps: ['0,0', 'fewer than three decimals, which is a city', 'sizes of screens'],
  source: 'ISO 6709; RFC 5870 (geo URI)',
  examples: {
    match: [['location', '52.520008,13.404954'], ['ll', '-33.8688,151.2093'], ['latLng', '31.2304; 121.4737']],
    noMatch: [['location', 'Berlin'], ['ll', '0.000,0.000'], ['location', '52.5,13.4'], ['resolution', '1080.000,1794.000']],
  },
};
