import type { Shape } from '../../../libs/identifiers/kind.ts';
import { any, caseless, digits, literal, sequence, type Anchor } from '../../../libs/identifiers/scan/anchor.ts';
import { matchAround, patternShape } from '../../../libs/identifiers/shape.ts';

/** One regular expression, in what JavaScript and Hyperscan both understand, and how its matches are found behind the prefilter. */
export interface Pattern {
  readonly name: string;
  readonly source: string;
  readonly isCaseless: boolean;
  readonly shape: Shape;
}

const id = '[A-Za-z0-9_.:@-]+';
const token = '[A-Za-z0-9_.~+/=-]{8,}';
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A value under one of some names: `name=value`, `name: value`, `"name":"value"`. */
function keyed(names: string, value: string): Pattern {
  const source = `\\b(?:${names})["']?[ \\t]?[=:][ \\t]?["']?${value}`;
  return pattern(names.split('|')[0]!, source, true, names.split('|').map(caseless));
}

function pattern(name: string, source: string, isCaseless: boolean, anchors: readonly Anchor[]): Pattern {
  const unique = [...new Map(anchors.map((anchor) => [JSON.stringify(anchor), anchor])).values()];
  return { name, source, isCaseless, shape: patternShape(unique, 100, new RegExp(source, isCaseless ? 'iy' : 'y')) };
}

const mailbox = '\\b[A-Za-z0-9._+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\\.){1,4}[A-Za-z]{2,24}\\b';
const mailboxes = new RegExp(mailbox, 'g');
const longestDomain = 290;

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
  pattern('authorization', '\\bAuthorization: (?:Basic|Bearer|Token) [A-Za-z0-9._~+/=-]{8,}', true, [caseless('authorization')]),
  pattern('jwt', '\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}\\.', false, [literal('eyJ')]),
  pattern('aws_key', '\\bA(?:KIA|SIA)[A-Z2-7]{16}\\b', false, [literal('AKI'), literal('ASI')]),
  pattern('google_key', '\\bAIza[A-Za-z0-9_-]{35}', false, [literal('AIz')]),
  pattern('github_token', '\\bgh[pousr]_[A-Za-z0-9]{36}', false, [sequence('g', 'h', 'pousr')]),
  pattern('slack_token', '\\bxox[abeoprs]-[A-Za-z0-9-]{10,}', false, [literal('xox')]),
  pattern('stripe_key', '\\b[sr]k_live_[A-Za-z0-9]{16,}', false, [sequence('sr', 'k', '_')]),
  pattern('push_registration', '\\bAPA91b[A-Za-z0-9_-]{40,}', false, [literal('APA')]),
  pattern('sip_uri', '\\bsips?:[A-Za-z0-9.+_-]+@[A-Za-z0-9.:-]+', true, [caseless('sip')]),
  pattern('zoom_link', '\\bzoom\\.us/(?:j|s|w)/[0-9]{9,11}', true, [caseless('zoom')]),
  pattern('url_credentials', '\\b(?:https?|ftp)://[A-Za-z0-9._%+-]+:[A-Za-z0-9._%+-]+@', true, [caseless('http'), caseless('ftp')]),
  pattern('uuid', `\\b${uuid}\\b`, true, [{ run: 'uuid' }]),
  pattern('mac_address', '\\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\\b', true, [{ run: 'mac' }]),
  pattern('resident_id', '\\b[1-8][0-9]{16}[0-9X]\\b', true, [{ run: 'digits', least: 17 }]),
  pattern('digest', '\\b[0-9a-f]{40}\\b', true, [{ run: 'hex', least: 40 }]),
  pattern('phone_number', '\\+[1-9][0-9]{7,14}\\b', false, [sequence('+', digits, any)]),
  {
    name: 'mailbox', source: mailbox, isCaseless: false,
    shape: {
      anchors: [sequence('@', any, any)], confidence: 100,
      find(text, at, from, visit) {
        const match = matchAround(mailboxes, text, at, from, 64, longestDomain);
        if (match === null) return from;
        visit(match.start, match.end);
        return match.end;
      },
    },
  },
];
