import type { IdentifierKind } from '../kind.ts';
import { isIccid, isImei, isImeiOfKnownBody, isImsi, normaliseImei } from '../mobile.ts';
import { normaliseDigits } from '../opaque.ts';
import { isInternational, isPhone, normalisePhone, phoneInText } from '../phone.ts';
import { any, digits, sequence } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';

export const imei: IdentifierKind = {
  name: 'imei',
  dataClass: 'device',
  keys: [
    '*_imei', '*_imeisv', '*_imei_sv', 'mei', 'meid_imei', 'imei_number', 'imei_no', 'imei_code', 'imei_num', 'imeis', 'phone_imei',
  ],
  validate: isImei,
  normalise: normaliseImei,
  integer: true,
  confidence: 97,
  traps: [
    'One in ten numbers of 15 digits has a valid check digit, so that a key is required.', 'Times in microseconds may be as long.',
    'A MEID is hexadecimal.',
  ],
  source: '3GPP TS 23.003, section 6.2; GSMA TS.06',
  examples: {
    match: [
      ['imei', '490154203237518'], ['deviceImei', '35-209900-176148-1'], ['imei2', '352099001761481'], ['IMEISV', '3520990017614823'],
      'model=X&imei=352099001761481&net=wifi',
    ],
    noMatch: [
      ['imei', '352099001761482'], ['imei', '000000000000000'], ['t', '165028417912345'], '490154203237518', ['imei', 'unknown'],
      'the word imsi and imei in a text',
    ],
  },
};

/** An IMEI under a name that only says device. */
export const deviceImei: IdentifierKind = {
  ...imei,
  keys: ['device_id', 'did', 'device_uid', 'terminal_id', 'equipment_id', 'phone_id'],
  validate: isImeiOfKnownBody,
  confidence: 85,
  examples: {
    match: [['device_id', '352099001761481'], ['did', '862099001761484']],
    noMatch: [['order_id', '352099001761481'], ['did', '121650284179123']],
  },
};

export const imsi: IdentifierKind = {
  name: 'imsi',
  dataClass: 'account',
  keys: [
    '*_imsi', 'sim_imsi', 'subscriber_imsi', 'imsi_number', 'subscriber_id', 'sim_subscriber_id', 'imsi_no', 'supi',
  ],
  validate: isImsi,
  normalise: normaliseDigits,
  integer: true,
  confidence: 95,
  traps: [
    'It has no check digit, so that a key and an existing country code are required.', 'MCC and MNC alone name a network (`310260`).',
    'Random text may contain the letters `imsi`.',
  ],
  source: '3GPP TS 23.003, section 2.2; ITU-T E.212',
  examples: {
    match: [['imsi', '262011234567890'], ['simImsi', '46000123456789'], '"imsi":"310260123456789"'],
    noMatch: [
      ['imsi', '310260'], ['imsi', '990000000000000'], ['imsi', '111111111111111'], ['carrier', '310260123456789'], 'xkqimsi=abc',
      'wqimsilk 262011234567890',
    ],
  },
};

export const iccid: IdentifierKind = {
  name: 'iccid',
  dataClass: 'device',
  keys: [
    '*_iccid', 'sim_serial', 'sim_serial_number', 'icc_id', 'sim_sn', 'simserial', 'sim_id', 'ccid', 'sim_card_id', 'sim_number', 'sim_no',
  ],
  validate: isIccid,
  normalise: normaliseDigits,
  confidence: 95,
  traps: ['Payment cards and snowflake ids may have numbers of the same length.'],
  source: 'ITU-T E.118, section 4.1',
  examples: {
    match: [['iccid', '8949020000001234562'], ['simSerialNumber', '89860012345678901238']],
    noMatch: [['iccid', '8949020000001234563'], ['iccid', '1234567890123456789'], ['id', '8949020000001234562']],
  },
};

export const msisdn: IdentifierKind = {
  name: 'msisdn',
  dataClass: 'direct',
  keys: [
    '*_msisdn', 'x_up_calling_line_id', 'calling_line_id', 'x_nokia_msisdn', 'subscriber_number', 'x_wap_msisdn', 'x_h3g_msisdn',
    'x_wsb_identity', 'calling_party_number', 'called_party_number', 'calling_number', 'called_number', 'mdn',
  ],
  validate: isInternational,
  normalise: normalisePhone,
  integer: true,
  confidence: 95,
  traps: ['Short codes belong to services.', 'A number without a country code may be another one.'],
  source: '3GPP TS 23.003, section 3.3; ITU-T E.164',
  examples: {
    match: [['msisdn', '491711234567'], ['x-up-calling-line-id', '+919800000027']],
    noMatch: [['msisdn', '12345'], ['msisdn', '000000000000'], ['msisdn', '1234567890']],
  },
};

export const phone: IdentifierKind = {
  name: 'phone',
  dataClass: 'direct',
  keys: [
    '*_phone', '*_phone_number', '*_mobile', '*_mobile_number', 'mobile_no', 'phone_no', 'tel', 'telephone', 'cell', 'cellphone', 'cell_phone',
    'phonenum', 'phone_num', 'caller_number', 'callee_number', 'whatsapp', '*_mobile_phone', 'mobile_num', 'tel_no', 'tel_number',
    'telephone_number', 'contact_no', 'contact_number', 'contact_phone', 'shouji', 'shoujihao', 'handphone', 'handynummer', 'handy', 'telefon',
    'telefono', 'celular', 'gsm', 'line1_number', 'caller_id_number', 'callerid', 'from_number', 'to_number', 'sms_to', 'fax', 'whatsapp_number',
    'phone_e164', 'e164', 'home_phone', 'work_phone', 'recipient_phone', 'wa_id', 'dialed_number',
  ],
  validate: isPhone,
  shape: patternShape({ anchors: [sequence('+', digits, any)], confidence: 90, pattern: phoneInText, accept: isInternational }),
  normalise: normalisePhone,
  confidence: 85,
  traps: [
    'The 11 digits of a Chinese mobile number may be those of a Zoom meeting.', 'Base64 may contain a `+` before digits.',
    'Under `phone` or `mobile` there are names of models as well.',
  ],
  source: 'ITU-T E.164, section 6; RFC 3966; libphonenumber metadata',
  examples: {
    match: [
      ['phone', '+4915112345678'], ['mobile', '13812345678'], ['phoneNumber', '0039 081 768 3821'], 'call +39 081 768 3821 today',
      'tel:+14155550123',
    ],
    noMatch: [['phone', 'iPhone12'], ['mobile', '1'], ['mobile', 'true'], '+1234567890', 'qWx+4915112345678==', '+491', ['time', '+0200']],
  },
};
