import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectStream, fieldsOf, openStream, type Packet } from './testing/packets.ts';

/** `frame protocol field …` of each message. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) => [message.frame, message.protocol, ...fieldsOf(message)].join(' '));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

const clientHello: Packet = ['source', Buffer.from(`16030100310100002d0303${'00'.repeat(32)}000002c02b01000002000000`, 'hex')];

describe('SMTP', () => {
  const greeting: Packet = ['destination', '220 mx.example ESMTP Postfix\r\n'];

  test('AUTH LOGIN: the name and the password, with the packet that ends the second line', () => {
    assert.deepEqual(told([
      greeting, ['source', 'EHLO laptop\r\n'], ['destination', '250-mx.example\r\n250 AUTH LOGIN PLAIN\r\n'], ['source', 'AUTH LOGIN\r\n'],
      ['destination', '334 VXNlcm5hbWU6\r\n'], ['source', `${base64('jane@example.org')}\r`], ['source', '\n'],
      ['destination', '334 UGFzc3dvcmQ6\r\n'],
      ['source', `${base64('se same')}\r\n`], ['destination', '235 ok\r\n'], ['source', 'AUTH LOGIN\r\n'],
    ]), [
      '1 smtp', '2 smtp smtp.helo=laptop', '9 smtp smtp.login.user_name=(base64)jane@example.org smtp.login.password=(base64)se same',
    ]);
  });

  test('AUTH with an initial response', () => {
    assert.deepEqual(
      told([greeting, ['source', `AUTH PLAIN ${base64('\0jane\0sesame')}\r\nAUTH LOGIN ${base64('jane')}\r\n${base64('secret')}\r\n`]]),
      [
        '1 smtp', '2 smtp smtp.login.user_name=(base64)jane smtp.login.password=(base64)sesame',
        '2 smtp smtp.login.user_name=(base64)jane smtp.login.password=(base64)secret',
      ],
    );
    // The examples of RFC 7628, section 4.1 and of the description of XOAUTH2.
    assert.deepEqual(told([greeting, ['source', [
      'AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIH'
        + 'ZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2c9PQEB',
      'AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==',
    ].join('\r\n') + '\r\n']]).slice(1), [
      '2 smtp smtp.login.user_name=(base64)user@example.com smtp.login.access_token=(base64)vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==',
      '2 smtp smtp.login.user_name=(base64)someuser@example.com smtp.login.access_token=(base64)ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg',
    ]);
  });

  test('names in mechanisms that hide the password', () => {
    // RFC 2195, section 2; RFC 2831, section 4; RFC 5802, section 5.
    const cramMd5 = 'dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw';
    const digest = base64(
      'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",response=d388dad90d4bbd760a152321f2143af7',
    );
    assert.deepEqual(told([
      greeting, ['source', 'AUTH CRAM-MD5\r\n'], ['destination', '334 eA==\r\n'], ['source', `${cramMd5}\r\n`], ['destination', '235 ok\r\n'],
      ['source', 'AUTH DIGEST-MD5\r\n'], ['destination', '334 eA==\r\n'], ['source', `${digest}\r\n`], ['destination', '235 ok\r\n'],
      ['source', `AUTH SCRAM-SHA-1 ${base64('n,,n=us=2Cer,r=fyko+d2lbbFgONRv9qkxdawL')}\r\n`],
    ]).slice(1), [
      '4 smtp smtp.login.user_name=(base64)tim smtp.login.response=(base64)b913a602c7eda7a495b4e6e7334d3890',
      '8 smtp smtp.login.user_name=(base64)chris smtp.login.response=(base64)d388dad90d4bbd760a152321f2143af7',
      '10 smtp smtp.login.user_name=(base64)us,er',
    ]);
  });

  test('whom a message is from and to, in its head', () => {
    const head =
      'Received: from x\r\n by y\r\nFrom: "Jane" <jane@example.org>\r\nTO: a@example.org,\r\n\tb@example.org\r\nSubject: x\r\n\r\n'
        + 'Cc: c@example.org\r\n.\r\n';
    const people = 'smtp.message.from="Jane" <jane@example.org> smtp.message.to=a@example.org, b@example.org';
    assert.deepEqual(
      told([
        greeting, ['source', 'DATA\r\n'], ['destination', '354 go\r\n'], ['source', head.slice(0, 90)], ['source', head.slice(90)],
        ['source', 'RCPT TO:<d@example.org>\r\n'],
      ]).slice(1),
      [`5 smtp ${people}`, '6 smtp smtp.rcpt_to=d@example.org'],
    );
    assert.deepEqual(
      told([
        greeting, ['source', `EHLO x\r\nBDAT 60\r\n${head.slice(0, 60)}BDAT 3\r\n`], ['source', 'abcBDAT 19 LAST\r\nFrom: e@example.org'],
        ['source', 'BDAT 21 LAST\r\nFrom: f@example.org\r\n'],
      ]).slice(2),
      ['2 smtp smtp.message.from="Jane" <jane@example.org>', '4 smtp smtp.message.from=f@example.org'],
    );
  });

  test('a message to many is told in parts, so that no record is too long', () => {
    const many = Array.from({ length: 600 }, (_, i) => `jane${i}@example.org`);
    const { messages } = dissectStream([greeting, ['source', `DATA\r\nTo: ${many.join(',\r\n ')}\r\nSubject: x\r\n\r\n.\r\n`]]);
    const parts = messages.slice(1).map(({ fields }) => fields.map(({ value }) => value.split(/, ?/)).flat());
    assert.deepEqual(parts.flat().filter((one) => one !== ''), many);
    assert.ok(parts.length > 2 && parts.every((part) => part.length <= 256));
  });

  test('the heads of messages that are attached, however deep, and nothing else of the body', () => {
    const attached = (boundary: string, type: string, ...parts: string[]): string =>
      `From: a@example.org\r\nContent-Type: ${type};\r\n boundary=${boundary}\r\n\r\npreamble@example.org\r\n`
        + `${parts.map((part) => `--${boundary.replaceAll('"', '')}\r\n${part}\r\n`).join('')}--${boundary.replaceAll('"', '')}--\r\n`
        + 'To: epilogue@example.org\r\n';
    const inner = attached(
      'inner',
      'multipart/mixed',
      'Content-Type: message/global\r\n\r\nTo: "Jane" <c@example.org>,\r\n d@example.org\r\n\r\n--inner text@example.org',
      'Content-Type: text/rfc822-headers\r\n\r\nCc: e@example.org',
    )
      .replace('From: a@', 'From: b@');
    const whole = attached(
      '"outer one"',
      'multipart/report; charset="a;b"',
      'To: content@example.org\r\n\r\nFrom: content@example.org',
      `Content-Type: message/rfc822\r\n\r\n${inner}`,
      '\r\nFrom: content@example.org',
    );
    const expected = [
      'smtp.message.from=a@example.org', 'smtp.message.attached.from=b@example.org',
      'smtp.message.attached.to="Jane" <c@example.org>, d@example.org', 'smtp.message.attached.cc=e@example.org',
    ];
    for (const packets of [[whole], whole.match(/[^]{1,7}/g)!]) {
      const { messages } = dissectStream([
        greeting,
        ['source', 'DATA\r\n'],
        ['destination', '354 go\r\n'],
        ...packets.map((part): Packet => ['source', part]),
        ['source', '.\r\nRCPT TO:<z@example.org>\r\n'],
      ]);
      assert.deepEqual(messages.flatMap(fieldsOf), [...expected, 'smtp.rcpt_to=z@example.org']);
    }
    const chunk = dissectStream([greeting, ['source', `BDAT ${whole.length} LAST\r\n${whole}RCPT TO:<z@example.org>\r\n`]]);
    assert.deepEqual(chunk.messages.flatMap(fieldsOf), [...expected, 'smtp.rcpt_to=z@example.org']);
  });

  test('a message without end is read up to a bound', () => {
    const part = `${'x'.repeat(9998)}\r\n`.repeat(100);
    const { counters, messages } = dissectStream([
      greeting,
      ['source', 'DATA\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n'],
      ...Array.from({ length: 17 }, (): Packet => ['source', part]),
      ['source', '--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@example.org\r\n\r\n.\r\nRCPT TO:<z@example.org>\r\n'],
    ]);
    assert.deepEqual([counters.get('smtp', 'bounded message'), messages.flatMap(fieldsOf)], [1, ['smtp.rcpt_to=z@example.org']]);
  });

  test('the envelope is told, the message is not', () => {
    assert.deepEqual(told([
      greeting, ['source', 'MAIL FROM:<a@example.org> SIZE=12\r\nRCPT TO: <@relay.example:b@example.org>\r\nRCPT TO:c@example.org\r\nDATA\r\n'],
      ['destination', '250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n'],
      ['source', 'Subject: x\r\n\r\nMAIL FROM:<content@example.org>\r\n..\r\n'], ['source', '.\r\nRSET\r\nBDAT 34 LAST\r\n'],
      ['source', 'MAIL FROM:<content@example.org>\r\n\nMAIL FROM:<>\r\nMAIL FROM:<d@example.org>\r\n'],
    ]).slice(1), [
      '2 smtp smtp.mail_from=a@example.org', '2 smtp smtp.rcpt_to=b@example.org', '2 smtp smtp.rcpt_to=c@example.org',
      '6 smtp smtp.mail_from=d@example.org',
    ]);
  });

  test('DATA that is refused is followed by commands', () => {
    assert.deepEqual(
      told([greeting, ['source', 'DATA\r\n'], ['destination', '503 no recipients\r\n'], ['source', 'MAIL FROM:<a@example.org>\r\n']]).slice(1),
      ['4 smtp smtp.mail_from=a@example.org'],
    );
  });

  test('a gap loses what was awaited, and the next packet begins a line', () => {
    const { dissector, result } = openStream();
    const send = (text: string, frame: number): void => dissector.data('source', Buffer.from(text), frame, frame);
    send('EHLO x\r\nAUTH LOGIN\r\namFuZQ', 1);
    dissector.gap('source', 20);
    send('RCPT TO:<b@example.org>\r\n', 2);
    assert.deepEqual(result.messages.map(fieldsOf), [['smtp.helo=x'], ['smtp.rcpt_to=b@example.org']]);
    assert.equal(result.counters.get('smtp', 'gap'), 1);
  });

  test('a line too long is passed over', () => {
    const { messages, counters } = dissectStream([
      greeting,
      ['source', `MAIL FROM:<a@example.org>\r\n${'A'.repeat(20000)}`],
      ['source', 'B\r\nRCPT TO:<b@example.org>\r\n'],
    ]);
    assert.deepEqual(messages.map(fieldsOf), [[], ['smtp.mail_from=a@example.org'], ['smtp.rcpt_to=b@example.org']]);
    assert.equal(counters.get('smtp', 'bounded line'), 1);
  });

  test('a greeting that FTP could send too', () => {
    assert.deepEqual(told([['destination', '220 welcome\r\n'], ['source', 'HELO me\r\n']]), ['1 smtp', '2 smtp smtp.helo=me']);
    assert.deepEqual(told([['destination', '220 welcome\r\n'], ['source', 'FEAT\r\nUSER jane\r\n']])[1], '2 ftp ftp.login.user_name=jane');
  });
});

describe('POP3', () => {
  test('USER and PASS', () => {
    assert.deepEqual(told([
      ['destination', '+OK ready\r\n'], ['source', 'USER jane@example.org\r\n'], ['destination', '+OK\r\n'],
      ['source', 'PASS two words\r\n'], ['destination', '+OK\r\n'], ['source', 'RETR 1\r\n'],
      ['destination', '+OK 60 octets\r\nUSER content\r\nPASS content\r\n.\r\n'],
    ]), ['1 pop3', '4 pop3 pop3.login.user_name=jane@example.org pop3.login.password=two words']);
  });

  test('the heads of messages, and nothing of their bodies', () => {
    assert.deepEqual(told([
      ['destination', '+OK ready\r\n'], ['source', 'RETR 1\r\nTOP 2 0\r\nRETR 3\r\n'],
      ['destination', '+OK\r\nFrom: a@example.org\r\n\r\nTo: content@example.org\r\n.\r\n+OK\r\nTo: b@exam'],
      ['destination', 'ple.org\r\n\r\n.\r\n-ERR no such message\r\n'],
      ['source', 'LIST\r\n'], ['destination', '+OK\r\nFrom: content\r\n.\r\n'],
    ]).slice(1), ['3 pop3 pop3.message.from=a@example.org', '4 pop3 pop3.message.to=b@example.org']);
  });

  test('APOP and AUTH', () => {
    assert.deepEqual(
      told([
        ['destination', '+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n'],
        ['source', 'APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n'], ['destination', '-ERR no\r\n'], ['source', 'AUTH PLAIN\r\n'],
        ['destination', '+ \r\n'], ['source', `${base64('\0jane\0sesame')}\r\n`],
      ]).slice(1),
      [
        '2 pop3 pop3.login.user_name=mrose pop3.login.response=c4c9334bac560ecc979e58001b3e22fb',
        '6 pop3 pop3.login.user_name=(base64)jane pop3.login.password=(base64)sesame',
      ],
    );
  });
});

describe('IMAP', () => {
  const greeting: Packet = ['destination', '* OK [CAPABILITY IMAP4rev1] ready\r\n'];

  test('LOGIN with atoms, quoted strings and literals', () => {
    assert.deepEqual(
      told([
        greeting, ['source', 'a1 LOGIN jane sesame\r\n'], ['source', 'a2 login "jane d" "se\\"same"\r\n'], ['source', 'a3 LOGIN {4}\r\n'],
        ['destination', '+ go\r\n'], ['source', 'jane {6+}\r\nses'], ['source', 'ame\r\n'],
      ]),
      [
        '1 imap', '2 imap imap.login.user_name=jane imap.login.password=sesame',
        '3 imap imap.login.user_name=jane d imap.login.password=se"same', '7 imap imap.login.user_name=jane imap.login.password=sesame',
      ],
    );
  });

  test('the heads of messages that are fetched or appended, and envelopes', () => {
    const head = 'From: a@example.org\r\nTo: b@example.org\r\n\r\n';
    assert.deepEqual(told([
      greeting, ['source', `a1 APPEND sent {${head.length}+}\r\n${head}\r\na2 FETCH 1:2 (BODY[HEADER] ENVELOPE)\r\n`],
      [
        'destination',
        `* 1 FETCH (BODY[HEADER] {${head.length}}\r\n${head})\r\n`
          + '* 2 FETCH (ENVELOPE ("x" "s" (("Jane" NIL "jane" "example.org")) NIL NIL ((NIL NIL "c" "example.org")) NIL NIL NIL NIL))\r\n'
          + 'a2 OK\r\n',
      ],
      ['destination', `* 3 FETCH (BODY[HEADER] {${head.length}}\r\n${head})\r\n`],
    ]).slice(1), [
      '2 imap imap.message.from=a@example.org imap.message.to=b@example.org', '3 imap imap.message.from=a@example.org imap.message.to=b@example.org',
      '3 imap imap.envelope=jane@example.org imap.envelope=c@example.org',
    ]);
    assert.deepEqual(
      told([greeting, ['destination', 'a1 OK\r\n'], ['destination', `* 1 FETCH (RFC822 {${head.length}}\r\n${head})\r\n`]]).slice(1),
      ['3 imap imap.message.from=a@example.org imap.message.to=b@example.org'],
      'one way only',
    );
  });

  test('AUTHENTICATE, and content both ways', () => {
    assert.deepEqual(
      told([
        greeting, ['source', 'a1 AUTHENTICATE PLAIN\r\n'], ['destination', '+ \r\n'], ['source', `${base64('\0jane\0sesame')}\r\n`],
        ['destination', 'a1 OK done\r\n'], ['source', 'a2 APPEND drafts {25}\r\n'], ['destination', '+ go\r\n'],
        ['source', 'a9 LOGIN content content\r\na3 FETCH 1 BODY[]\r\n'],
        ['destination', '* 1 FETCH (BODY[] {30}\r\na9 LOGIN content content\r\n)\r\n'], ['source', 'a4 LOGIN j s\r\n'],
      ]).slice(1),
      [
        '4 imap imap.login.user_name=(base64)jane imap.login.password=(base64)sesame',
        '10 imap imap.login.user_name=j imap.login.password=s',
      ],
    );
  });
});

describe('FTP', () => {
  test('USER and PASS', () => {
    assert.deepEqual(
      told([
        ['destination', '220 FTP server ready\r\n'],
        ['source', 'USER jane\r\n'],
        ['destination', '331 password?\r\n'],
        ['source', 'PASS sesame\r\n'],
      ]),
      ['1 ftp', '4 ftp ftp.login.user_name=jane ftp.login.password=sesame'],
    );
  });

  test('the password of a guest is told apart', () => {
    assert.deepEqual(
      told([
        ['destination', '220 FTP server ready\r\n'],
        ['source', 'USER anonymous\r\nPASS me@example.org\r\n'],
      ]).at(-1),
      '2 ftp ftp.login.user_name=anonymous ftp.login.anonymous_password=me@example.org',
    );
  });
});

test('a greeting that SMTP could send too, and a USER that POP3 has', () => {
  assert.deepEqual(
    told([
      ['destination', '220 ready\r\n'],
      ['source', 'USER jane\r\n'],
      ['destination', '230 in\r\n'],
      ['source', 'PASS sesame\r\n'],
    ]),
    ['1 ftp', '4 ftp ftp.login.user_name=jane ftp.login.password=sesame'],
  );
});

describe('TLS after', () => {
  for (const [name, before] of Object.entries<Packet[]>({
    'STARTTLS of SMTP': [['destination', '220 mx ESMTP\r\n'], ['source', 'STARTTLS\r\n'], ['destination', '220 go\r\n']],
    'STLS of POP3': [['destination', '+OK ready\r\n'], ['source', 'STLS\r\n'], ['destination', '+OK go\r\n']],
    'STARTTLS of IMAP': [['destination', '* OK ready\r\n'], ['source', 'a1 STARTTLS\r\n'], ['destination', '* x\r\na1 OK go\r\n']],
    'AUTH TLS of FTP': [['destination', '220 FTP\r\n'], ['source', 'AUTH TLS\r\n'], ['destination', '234 go\r\n']],
  })) {
    test(name, () => {
      const { messages } = dissectStream([...before, clientHello]);
      assert.deepEqual(messages.at(-1)!.encryption.verdict, 'encrypted');
    });
  }
});
