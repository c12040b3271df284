import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectStream, fieldsOf, openStream, type Packet } from './testing/packets.ts';
import { ber, conversations } from './testing/samples.ts';

/** `frame protocol field …` of each message. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) => [message.frame, message.protocol, ...fieldsOf(message)].join(' '));
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

const negotiation: Packet = ['destination', hex('fffd18 fffb01')];

describe('Telnet', () => {
  test('a name and a password, letter by letter with echo, are those of the packet that ends the line', () => {
    const typed = [...'fake', '\r\0'].flatMap((letter): Packet[] => [['source', letter], ['destination', letter]]);
    const secret = [...'usar', '\x7f', '\x7f', 'er', '\r', '\n'].map((letter): Packet => ['source', letter]);
    const packets: Packet[] = [
      negotiation,
      ['destination', 'OpenBSD\r\n\r\nlogin: '],
      ...typed,
      ['destination', '\nPass'],
      ['destination', 'word:'],
      ...secret,
      ['destination', '$ '],
      ['source', 'ls\r\n'],
    ];
    assert.deepEqual(told(packets), ['1 telnet', '22 telnet telnet.login.user_name=fake telnet.login.password=user']);
  });

  test('line by line, with commands in between', () => {
    assert.deepEqual(told([
      negotiation, ['destination', 'Username: '], ['source', Buffer.concat([Buffer.from('ja'), hex('fffd03'), Buffer.from('ne\r\n')])],
      ['destination', "\r\nPassword for jane: "], ['source', 'se same\n'],
      ['destination', 'Last login: today\r\n> '], ['source', 'password: of nobody\r\n'],
    ]), ['1 telnet', '5 telnet telnet.login.user_name=jane telnet.login.password=se same']);
  });

  test('the user that the environment names', () => {
    assert.deepEqual(
      told([
        negotiation,
        ['source', hex('fffa27 00 00 55534552 01 6a616e65 00 54455354 01 61 fff0')],
        ['destination', hex('fffa27 01 00 55534552 fff0')],
      ]).slice(1),
      ['2 telnet telnet.login.user_name=jane'],
    );
  });

  test('a gap forgets the line', () => {
    const { dissector, result } = openStream();
    dissector.data('destination', Buffer.concat([hex('fffb01'), Buffer.from('login: ')]), 1, 1);
    dissector.data('source', Buffer.from('ja'), 2, 2);
    dissector.gap('source', 2);
    dissector.data('source', Buffer.from('\r\n'), 3, 3);
    assert.deepEqual(result.messages.map(fieldsOf), [[]]);
  });
});

describe('IRC', () => {
  test('names, passwords and channels', () => {
    assert.deepEqual(told([
      ['source', 'PASS sesame\r\n'], ['source', 'NICK jane\r\nUSER jd 0 * :Jane Doe\r\n'],
      ['destination', ':irc.example 001 jane :Welcome\r\nPING :x\r\n'],
      ['source', 'JOIN #lobby,&local key\r\nOPER root toor\r\nPRIVMSG NickServ :IDENTIFY sesame\r\nPRIVMSG #lobby :IDENTIFY content\r\n'],
      ['destination', ':joe!joe@host.example JOIN #lobby\r\n'],
    ]), [
      '1 irc irc.login.password=sesame', '2 irc irc.login.user_name=jane', '2 irc irc.login.user_name=jd irc.real_name=Jane Doe',
      '4 irc irc.channel=lobby irc.channel=local', '4 irc irc.login.user_name=root irc.login.password=toor', '4 irc irc.login.password=sesame',
    ]);
  });

  test('AUTHENTICATE', () => {
    assert.deepEqual(
      told([
        ['source', 'CAP LS 302\r\nAUTHENTICATE PLAIN\r\n'],
        ['destination', 'AUTHENTICATE +\r\n'],
        ['source', 'AUTHENTICATE amFuZQBqYW5lAHNlc2FtZQ==\r\n'],
      ]),
      ['1 irc', '3 irc irc.login.user_name=(base64)jane irc.login.password=(base64)sesame'],
    );
  });
});

describe('XMPP', () => {
  test('addresses and logins, no content', () => {
    assert.deepEqual(told([
      ['source', "<?xml version='1.0'?><stream:stream to='im.example' xmlns='jabber:client'>"],
      ['source', "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldA"],
      ['source', "ByMG0zMG15cjBtMzA=</auth>"], ['destination', "<iq type='result'><bind><jid>juliet@im.example/balcony</jid></bind></iq>"],
      ['source', "<message to='romeo@example.net' from='juliet@im.example/balcony'><body>mail to='content@im.example'</body></message>"],
      ['source', "<iq type='set'><query xmlns='jabber:iq:auth'><username>b&amp;b</username><password>Calli0pe</password></query></iq>"],
    ]), [
      '1 xmpp', '3 xmpp xmpp.login.user_name=(base64)juliet xmpp.login.password=(base64)r0m30myr0m30', '4 xmpp xmpp.jid=juliet@im.example/balcony',
      '5 xmpp xmpp.from=juliet@im.example/balcony xmpp.to=romeo@example.net', '6 xmpp xmpp.login.user_name=b&b',
      '6 xmpp xmpp.login.password=Calli0pe',
    ]);
  });
});

describe('Redis', () => {
  test('AUTH and HELLO; values that look like them are content', () => {
    assert.deepEqual(told([
      ['source', '*2\r\n$4\r\nauth\r\n$6\r\nses'], ['source', 'ame\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nAUTH\r\n'], ['destination', '+OK\r\n'],
      ['source', '*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$4\r\njane\r\n$3\r\na b\r\n'],
    ]), ['1 redis', '2 redis redis.login.password=sesame', '4 redis redis.login.user_name=jane redis.login.password=a b']);
  });
});

describe('LDAP', () => {
  test('a simple bind, and TLS', () => {
    const { messages } = dissectStream(conversations['ldap']!);
    assert.deepEqual(messages.map((message) => [message.frame, message.protocol, ...fieldsOf(message)].join(' ')), [
      '1 ldap ldap.login.user_name=cn=jane,dc=example ldap.login.password=sesame', '6 tls tls.client.server_name=ldap.example tls.client.alpn=h2 http/1.1',
    ]);
  });

  test('a name without a password, and a SASL bind', () => {
    const bind = (...authentication: Buffer[]): Buffer => ber(0x30, ber(2, '\x01'), ber(0x60, ber(2, '\x03'), ...authentication));
    assert.deepEqual(
      told([
        ['source', bind(ber(4, 'cn=jane'), ber(0x80, ''))],
        ['source', bind(ber(4, ''), ber(0xa3, ber(4, 'PLAIN'), ber(4, '\0joe\0sesame')))],
      ]),
      ['1 ldap ldap.login.user_name=cn=jane', '2 ldap ldap.login.user_name=joe ldap.login.password=sesame'],
    );
  });

  test('messages that are wrapped after the bind end it', () => {
    const { messages, counters } = dissectStream([['source', conversations['ldap']![0]![1]], ['source', hex('00000030 0102')]]);
    assert.equal(messages.length, 1);
    assert.equal(counters.get('ldap', 'wrapped or malformed'), 1);
  });
});

describe('SOCKS', () => {
  test('the login, the target, and what runs behind it', () => {
    const { messages } = dissectStream(conversations['socks']!);
    assert.deepEqual(messages.map(({ frame, protocol, facts }) => [frame, protocol, facts['destination.domain'] ?? '']), [
      [3, 'socks', ''], [5, 'socks', 'a.example'], [7, 'http', 'api.example'],
    ]);
    assert.deepEqual(fieldsOf(messages[0]), ['socks.login.user_name=jan', 'socks.login.password=pas']);
  });

  test('version 4a', () => {
    const { messages } = dissectStream(conversations['socks 4a']!);
    assert.deepEqual([messages[0]!.facts['url.domain'], ...fieldsOf(messages[0])], ['a.example', 'socks.login.user_name=bob']);
    assert.equal(messages[1]!.facts['url.path'], '/in');
  });

  test('an address as the target', () => {
    const { messages } = dissectStream([['source', hex('050100')], ['source', hex('050100 04 20010db8000000000000000000000001 0050')]]);
    assert.equal(messages[0]!.facts['url.domain'], '2001:db8::1');
  });
});
