import { findEmail, isEmail, normaliseEmail } from '../email.ts';
import type { IdentifierKind } from '../kind.ts';
import { maskEmail } from '../mask.ts';
import { isPlaceholder } from '../opaque.ts';
import { isCardNumber, isIban, normaliseIban } from '../payment.ts';
import { isResidentId, residentIdInText } from '../resident-id.ts';
import { any, caseless, sequence } from '../scan/anchor.ts';
import { patternShape } from '../shape.ts';
import { isSipUri, normaliseSipUri, sipUriInText } from '../sip.ts';

export const email: IdentifierKind = {
  name: 'email',
  dataClass: 'direct',
  keys: ['*_email', '*_mail', '*_email_address', '*_mail_address', 'e_mail', 'mail_from', 'rcpt_to'],
  validate: isEmail,
  shape: { anchors: [sequence('@', any, any)], confidence: 92, find: findEmail },
  normalise: normaliseEmail,
  mask: maskEmail,
  confidence: 97,
  traps: [
    'SIP and XMPP write `user@host` as well.', 'Packages (`name@1.2`) and images (`logo@2x.png`) contain an `@`.',
    'Ids of messages and calls have the form of an address.', '`user:secret@host` in a URL is a login.',
    'Algorithms of SSH (`umac-64@openssh.com`) and nodes of Celery and Erlang (`celery@desk7.example.org`) have the form of an address.',
    'A masked address reaches nobody.',
  ],
  source: 'RFC 5321, sections 4.1.2 and 4.5.3.1; RFC 5322, section 3.4.1; RFC 6531, section 3.3',
  examples: {
    match: [
      ['email', 'jane.doe+news@example.org'], ['user', 'Jane@Example.ORG'], 'MAIL FROM:<corey@delta.peach.example>',
      'contact=jane%40example.org', 'write to jane_d@mail.example.co.uk.', '13812345678@139.com', 'From: "Jane" <jane@example.org>',
      ['email', 'jörg.weiß@bücher.example'], 'schreib an jörg@bücher.example.', '联系jane@example.org谢谢', ['email', '小明@例子.测试'],
    ],
    noMatch: [
      'pkg@1.2', 'left-pad@1.3.0', 'logo@2x.png', 'sip:jane@example.org', 'a@b', 'x@y.notatld', ['email', 'none'],
      'umac-64-etm@openssh.com,hmac-sha2-256', 'git clone ssh://git@github.com/x', '314159265-7b20e8c4@314159268-7b20e8c1',
      'Message-ID: <jane@example.org>',
      '<20210304093806.10589-1-jane@example.org>', '<CAHp75VcJwoye5KOYXF3Fs1F-82JPP-7VaU4z@mail.example.com>',
      '4D81C7A0-2F36-4B95-8E0D-73A5F1902BC8@example.com', 'node celery@desk7.example.org is up', 'To: xxxxxx@example.org',
      'From: <sip:40\u001871@sip.example.org>',
    ],
  },
};

/** A mailbox on the local host, named in an SMTP envelope: the only place where an address may lack a domain. */
export const localMailbox: IdentifierKind = {
  name: email.name,
  dataClass: email.dataClass,
  keys: ['mail_from', 'rcpt_to'],
  normalise: normaliseEmail,
  mask: maskEmail,
  validate: (value) => /^[\w.+-]{1,64}@(?=[a-z0-9-]*[a-z])[a-z0-9][a-z0-9-]{0,62}$/i.test(value),
  confidence: 80,
  traps: ['Packages are written `name@1`.'],
  source: 'RFC 5321, section 2.3.5 (names within a host)',
  examples: {
    match: [['mail_from', 'jane@localhost', 'smtp.mail_from'], ['rcpt_to', 'root@desk-7', 'smtp.rcpt_to']],
    noMatch: [['mail_from', 'jane', 'smtp.mail_from'], ['package', 'left-shelf@1'], ['to', 'jane@desk']],
  },
};

export const sipUri: IdentifierKind = {
  name: 'sip_uri',
  dataClass: 'account',
  keys: ['sip_uri', 'sip_address', 'sip_aor'],
  validate: isSipUri,
  shape: patternShape({ anchors: [caseless('sip')], confidence: 92, pattern: sipUriInText, accept: isSipUri }),
  normalise: normaliseSipUri,
  confidence: 95,
  traps: [
    'A URI without a user names a server.', 'The user `anonymous` is nobody.', 'Ids of calls, tags and branches have a similar form.',
  ],
  source: 'RFC 3261, section 19.1',
  examples: {
    match: [
      'From: "Jane" <sip:pbx40718@sip.example.org>;tag=8e948b0', 'Contact: <sip:60274@10.71.118.30:64538;transport=UDP>',
      ['sip_uri', 'sips:jane@example.org'],
    ],
    noMatch: [
      'REGISTER sip:sip.example.org SIP/2.0', 'sip:anonymous@anonymous.invalid', 'gossip:jane@example.org',
      'Call-ID: 314159265-7b20e8c4@314159268-7b20e8c1', 'Call-ID: KopLTw9xs_lEpCtiPa07bQ',
    ],
  },
};

/** A numeric SIP user that is not a number of the public telephone network. */
export const sipNumber: IdentifierKind = {
  name: sipUri.name,
  dataClass: sipUri.dataClass,
  keys: ['phone'],
  within: 'sip',
  validate: (value) => /^\+?\d{7,15}$/.test(value),
  confidence: 85,
  traps: ['A number that can be dialled is reported as a phone number.'],
  source: 'RFC 3261, section 19.1.6',
  examples: {
    match: [['phone', '0015550000', 'sip.from.phone'], ['phone', '+999123456789', 'sip.to.phone']],
    noMatch: [['phone', '+999123456789', 'url.query.phone'], ['phone', '12345', 'sip.from.phone']],
  },
};

export const xmppJid: IdentifierKind = {
  name: 'xmpp_jid',
  dataClass: 'account',
  keys: ['*_jid', 'xmpp_jid', 'jabber_id', 'jabberid'],
  validate: (value) => /^[^\s@/<>"]{1,256}@[a-zA-Z0-9][\w.-]{0,253}(?:\/[^\s]{1,256})?$/.test(value) && !isPlaceholder(value),
  normalise: (value) => value.replace(/\/.*$/, '').toLowerCase(),
  confidence: 90,
  traps: [
    'An address without a local part is that of a server.',
    'The resource tells the connections of one person apart, not persons; it is left out.',
  ],
  source: 'RFC 7622, section 3',
  examples: {
    match: [['jid', 'romeo@montague.example/orchard'], "<bind jid='juliet@capulet.example'/>"],
    noMatch: [['jid', 'montague.example'], ['jid', ''], ['jitsi', 'romeo@montague.example1']],
  },
};

export const residentId: IdentifierKind = {
  name: 'cn_resident_id',
  dataClass: 'direct',
  keys: ['*_id_card', '*_id_number', '*_id_card_no', '*_identity_card', 'sfz', 'idcard_num', 'resident_id', 'citizen_id'],
  validate: isResidentId,
  shape: patternShape({ anchors: [{ run: 'digits', least: 17 }], confidence: 80, pattern: residentIdInText, accept: isResidentId }),
  normalise: (value) => value.toUpperCase(),
  confidence: 97,
  traps: ['Order numbers have 18 digits as well, so that region, date of birth and check character must all be right.'],
  source: 'GB 11643-1999; GB/T 2260',
  examples: {
    match: [['idCard', '11010519491231002X'], 'buyer 11010519491231002x paid'],
    noMatch: ['110105194912310021', '110105194913310022', '123456789012345678', ['id_card', '000000000000000000']],
  },
};

export const iban: IdentifierKind = {
  name: 'iban',
  dataClass: 'direct',
  keys: ['*_iban', 'iban_number', 'bank_account', 'account_number'],
  validate: isIban,
  normalise: normaliseIban,
  confidence: 97,
  traps: ['References of other kinds begin with two letters and digits as well.'],
  source: 'ISO 13616; SWIFT IBAN registry',
  examples: {
    match: [['iban', 'DE89 3704 0044 0532 0130 00'], ['IBAN', 'GB82WEST12345698765432']],
    noMatch: [['iban', 'DE88370400440532013000'], ['iban', 'DE8937040044053201300'], ['ref', 'GB82WEST12345698765432']],
  },
};

export const paymentCard: IdentifierKind = {
  name: 'payment_card',
  dataClass: 'direct',
  keys: ['*_card_number', '*_card_no', 'cardnumber', 'cc_number', 'ccnum', 'credit_card', 'credit_card_number', 'pan'],
  validate: isCardNumber,
  normalise: (value) => value.replaceAll(/\D/g, ''),
  mask: (value) => `******${value.replaceAll(/\D/g, '').slice(-2)}`,
  confidence: 95,
  traps: [
    'One in ten numbers of 16 digits has a valid check digit, so that a key and the range of an issuer are required.',
    'ICCIDs have the same check digit.',
  ],
  source: 'ISO/IEC 7812-1',
  examples: {
    match: [['card_number', '4111 1111 1111 1111'], ['ccNumber', '5555555555554444']],
    noMatch: [['card_number', '4111111111111112'], ['card_number', '9111111111111119'], ['number', '4111111111111111']],
  },
};
