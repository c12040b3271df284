import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dissectPayload, dissectStream, fieldsOf, type Packet } from './testing/packets.ts';

/** `frame protocol verdict field …` of each message. */
function told(packets: readonly Packet[]): string[] {
  return dissectStream(packets).messages.map((message) =>
    [message.frame, message.protocol, message.encryption.verdict, ...fieldsOf(message)].join(' '),
  );
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** NTLMSSP AUTHENTICATE of user `jane` at host `PC7` ([MS-NLMP], section 2.2.1.3). */
const ntlm = Buffer.concat([
  Buffer.from('NTLMSSP\0'),
  hex('03000000'),
  hex('0000000040000000'),
  hex('0000000040000000'),
  hex('0000000040000000'),
  hex('0800080040000000'),
  hex('0600060048000000'),
  hex('0000000040000000'),
  hex('01000000'),
  Buffer.from('janePC7', 'utf16le'),
]);

test('SSH is encrypted, whoever speaks first', () => {
  assert.deepEqual(told([['destination', 'SSH-2.0-OpenSSH_9.6\r\n'], ['source', 'SSH-2.0-x\r\n']]), ['1 ssh encrypted']);
  assert.deepEqual(told([['source', 'SSH is a protocol\r\n']]), ['1 tcp cleartext']);
});

describe('RDP', () => {
  const request = (cookie: string) => {
    const data = Buffer.from(`${cookie}\r\n\x01\0\x08\0\x03\0\0\0`, 'latin1');
    return Buffer.concat([Buffer.from([3, 0, 0, 11 + data.length, 6 + data.length, 0xe0, 0, 0, 0, 0, 0]), data]);
  };

  test('the user in the cookie, then TLS', () => {
    const packets: Packet[] = [
      ['source', request('Cookie: mstshash=jane')],
      ['destination', hex('03000013 0e d0 00001234 00 02 1f 0800 08000000')],
      ['source', hex('16030100050100000103')],
    ];
    assert.deepEqual(told(packets), ['1 rdp cleartext rdp.login.user_name=jane', '3 tls encrypted']);
  });

  const confirm: Packet = ['destination', hex('03000013 0e d0 00001234 00 02 1f 0800 00000000')];
  const connect = (name: string, id: string) => {
    const core = Buffer.alloc(212);
    core.writeUInt16LE(0xc001, 0);
    core.writeUInt16LE(core.length, 2);
    core.write(name, 24, 'utf16le');
    core.write(id, 146, 'utf16le');
    const security = hex('02c00c00 1b00000000000000');
    const blocks = Buffer.concat([security, core]);
    const data = Buffer.concat([hex('02f080 7f65'), Buffer.alloc(60, 1), Buffer.from('Duca'), hex(`8${blocks.length.toString(16).padStart(3, '0')}`), blocks]);
    return Buffer.concat([hex(`0300${(4 + data.length).toString(16).padStart(4, '0')}`), data]);
  };

  test("the client's name and installation, where no TLS follows", () => {
    const packets: Packet[] = [
      ['source', request('Cookie: mstshash=jane')],
      confirm,
      ['source', connect('HARBOUR-PC7', '55302-640-2718287-23104')],
    ];
    const client = 'rdp cleartext rdp.client_name=HARBOUR-PC7 rdp.client_product_id=55302-640-2718287-23104';
    assert.deepEqual(told(packets), ['1 rdp cleartext rdp.login.user_name=jane', `3 ${client}`]);
    assert.deepEqual(told([packets[2]!]), [`1 ${client}`]);
  });

  test('a connect request in pieces, without client data, or cut off is no reason to stop', () => {
    const whole = connect('HARBOUR-PC7', '');
    const pieces = [5, 8, 200, whole.length].map((end, index, ends): Packet => ['source', whole.subarray(ends[index - 1] ?? 0, end)]);
    assert.deepEqual(told(pieces), ['4 rdp cleartext rdp.client_name=HARBOUR-PC7']);
    assert.deepEqual(told([['source', hex('0300000c 02f080 7f65 010203')]]), ['1 rdp cleartext']);
    for (let length = 1; length < whole.length; length += 7) assert.doesNotThrow(() => told([['source', whole.subarray(0, length)]]));
  });

  test('a token for a load balancer names nobody', () => {
    assert.deepEqual(told([['source', request('Cookie: msts=1234.5678.0000')]]), ['1 rdp cleartext']);
  });
});

describe('SMB', () => {
  const message = (start: string, command: Buffer, rest = Buffer.alloc(40)) => {
    const body = Buffer.concat([hex(start), Buffer.from('SMB'), command, rest]);
    return Buffer.concat([hex(`00${body.length.toString(16).padStart(6, '0')}`), body]);
  };
  const negotiate = message('fe', hex('4000 0000 00000000 0000 0000'));
  const setup = message('fe', hex('4000 0000 00000000 0100 0000'), Buffer.concat([Buffer.alloc(40), ntlm]));

  test('the user of a session, in SMB 2 and in SMB 1', () => {
    assert.deepEqual(
      told([
        ['source', negotiate],
        ['source', setup.subarray(0, 60)],
        ['source', setup.subarray(60)],
      ]),
      ['1 smb cleartext', '3 smb cleartext smb.login.user_name=jane smb.login.workstation=PC7'],
    );
    assert.deepEqual(told([['source', message('ff', hex('73'), Buffer.concat([Buffer.alloc(40), ntlm]))]]), [
      '1 smb cleartext smb.login.user_name=jane smb.login.workstation=PC7',
    ]);
  });

  test('a call through a named pipe that authenticates, and none of what is written to a file', () => {
    const write = (length: number) => message('fe', hex('4000 0000 00000000 0900 0000'), Buffer.concat([
      Buffer.alloc(40), ntlm, Buffer.alloc(length),
    ]));
    assert.deepEqual(told([['source', negotiate], ['source', write(20)]])[1], '2 smb cleartext smb.login.user_name=jane smb.login.workstation=PC7');
    assert.deepEqual(told([['source', negotiate], ['source', write(5000)]])[1], '2 smb cleartext');
  });

  test('encrypted from a message on', () => {
    assert.deepEqual(
      told([
        ['source', negotiate],
        ['source', message('fd', hex('00'))],
        ['source', message('fd', hex('00'))],
      ]),
      ['1 smb cleartext', '2 smb encrypted'],
    );
  });
});

test('DCE/RPC: the user of a bind, which its third leg names', () => {
  const packet = (type: string, rest: Buffer) =>
    Buffer.concat([hex(`0500${type}03 10000000`), hex(`${(16 + rest.length).toString(16).padStart(2, '0')}00 0000 01000000`), rest]);
  assert.deepEqual(
    told([
      ['source', packet('0b', Buffer.alloc(56))],
      ['destination', packet('0c', Buffer.alloc(40))],
      ['source', packet('10', ntlm)],
      ['source', packet('00', ntlm)],
    ]),
    ['1 dcerpc cleartext', '3 dcerpc cleartext dcerpc.login.user_name=jane dcerpc.login.workstation=PC7', '4 dcerpc cleartext'],
  );
});

test('rlogin: both names, and nothing of what is typed', () => {
  assert.deepEqual(
    told([
      ['source', '\0'],
      ['source', 'jane\0root\0vt100/9600\0'],
      ['source', 'secret\r'],
    ]),
    ['2 rlogin cleartext rlogin.login.user_name=jane rlogin.login.user_name=root'],
  );
});

test('rexec begins like rsh, but its second text is a password', () => {
  const second = (errorPort: string, serverPort: number, server = 's3same'): string => {
    const { messages } = dissectStream([['source', `${errorPort}\0jane\0${server}\0uptime\0`]], {}, serverPort);
    return `${messages[0]!.protocol} ${fieldsOf(messages[0]).at(-1)}`;
  };
  assert.equal(second('49214', 514), 'rexec rexec.login.password=s3same', 'rsh would need a privileged port');
  assert.equal(second('1021', 512), 'rsh rsh.login.user_name=s3same', 'only a privileged process has it');
  assert.equal(second('0', 512), 'rexec rexec.login.password=s3same');
  assert.equal(second('0', 514), 'rsh rsh.login.user_name=s3same');
  assert.equal(second('0', 5140), 'rexec rexec.login.password=s3same', 'rather a name taken for a password');
  assert.equal(second('0', 5140, 'jane'), 'rsh rsh.login.user_name=jane');
});

test('rsh: the users on either side, and nothing of the command', () => {
  const greeting = Buffer.from('1021\0jane\0ops\0uptime\0');
  assert.deepEqual(
    told([
      ['source', greeting.subarray(0, 3)],
      ['source', greeting.subarray(3)],
      ['destination', '\0'],
    ]),
    ['2 rsh cleartext rsh.login.user_name=jane rsh.login.user_name=ops'],
  );
  assert.deepEqual(told([['source', '1021 jane\n']]), ['1 tcp cleartext']);
});

describe('ONC RPC', () => {
  const call = (machine: string, flavor = 1) => {
    const name = Buffer.alloc((machine.length + 3) & ~3);
    name.write(machine);
    const body = Buffer.concat([hex('5e0c94d7'), Buffer.from([0, 0, 0, machine.length]), name, hex('000003e8 000003e8 00000000')]);
    return Buffer.concat([
      hex('77aa01c4 00000000 00000002 000186a3 00000003 00000001'),
      Buffer.from([0, 0, 0, flavor, 0, 0, 0, body.length]),
      body,
      hex('00000000 00000000 01000700'),
    ]);
  };
  const record = (bytes: Buffer) => Buffer.concat([Buffer.from([0x80, 0, 0, bytes.length]), bytes]);

  test('the machine that calls, over TCP and UDP', () => {
    const whole = record(call('harbour-desk4'));
    assert.deepEqual(
      told([
        ['source', whole.subarray(0, 20)],
        ['source', whole.subarray(20)],
        ['destination', record(hex('77aa01c4 00000001 00000000 00000000 00000000 00000000'))],
      ]),
      ['2 rpc cleartext rpc.machine_name=harbour-desk4', '3 rpc cleartext'],
    );
    assert.deepEqual(fieldsOf(dissectPayload(call('harbour-desk4')).messages[0]), ['rpc.machine_name=harbour-desk4']);
  });

  test('other credentials name none', () => {
    assert.deepEqual(fieldsOf(dissectPayload(call('harbour-desk4', 6)).messages[0]), []);
    assert.equal(dissectPayload(Buffer.concat([hex('77aa01c4 00000000 00000003'), Buffer.alloc(40)])).messages[0]!.protocol, 'udp');
  });
});
