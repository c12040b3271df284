import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ntlmLogin } from './ntlm.ts';
import { dissectStream, fieldsOf } from './testing/packets.ts';

/** An AUTHENTICATE message ([MS-NLMP], section 2.2.1.3) whose names, and a response, follow a header of 64 bytes. */
function authenticate(domain: string, user: string, workstation: string, response = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(64);
  header.write('NTLMSSP\0', 'latin1');
  header.writeUInt32LE(3, 8);
  header.writeUInt32LE(1, 60);
  const names = [domain, user, workstation].map((name) => Buffer.from(name, 'utf16le'));
  let offset = header.length;
  names.forEach((name, index) => {
    header.writeUInt16LE(name.length, 28 + 8 * index);
    header.writeUInt32LE(offset, 32 + 8 * index);
    offset += name.length;
  });
  header.writeUInt16LE(response.length, 20);
  header.writeUInt32LE(offset, 24);
  return Buffer.concat([header, ...names, response]);
}

test('the names of a login over HTTP, wrapped by SPNEGO or not', () => {
  for (const credentials of [
    `NTLM ${authenticate('CORP', 'jane', 'PC-7').toString('base64')}`,
    `Negotiate ${Buffer.concat([Buffer.from('a182'), authenticate('CORP', 'jane', 'PC-7')]).toString('base64')}`,
  ]) {
    const { messages } = dissectStream([['source', `GET / HTTP/1.1\r\nAuthorization: ${credentials}\r\n\r\n`]]);
    assert.deepEqual(fieldsOf(messages[0]).slice(1), [
      'http.login.domain=(base64)CORP',
      'http.login.user_name=(base64)jane',
      'http.login.workstation=(base64)PC-7',
    ]);
  }
});

test('a machine that begins to negotiate names itself, where it says that it does', () => {
  const negotiate = (flags: number): Buffer => {
    const header = Buffer.alloc(40);
    header.write('NTLMSSP\0', 'latin1');
    header.writeUInt32LE(1, 8);
    header.writeUInt32LE(flags, 12);
    header.writeUInt16LE(7, 16);
    header.writeUInt32LE(48, 20);
    header.writeUInt16LE(8, 24);
    header.writeUInt32LE(40, 28);
    return Buffer.concat([header, Buffer.from('JONAS-PCHARBOUR')]);
  };
  const told = (flags: number): string[] => ntlmLogin(negotiate(flags)).map(({ name, value }) => `${name}=${value}`);
  assert.deepEqual(told(0x3202), ['login.domain=HARBOUR', 'login.workstation=JONAS-PC']);
  assert.deepEqual(told(0x2202), ['login.workstation=JONAS-PC']);
  assert.deepEqual(told(0x0202), []);
});

test('the response to a challenge, of either version, unless a machine logs in', () => {
  const told = (user: string, response: Buffer<ArrayBuffer>): string[] =>
    ntlmLogin(authenticate('CORP', user, 'PC-7', response))
      .map(({ name, value }) => `${name}=${value}`)
      .slice(3);
  const proof = Buffer.from('68cd0ab851e51c96aabc927bebef6a1c', 'hex');
  assert.deepEqual(told('jane', Buffer.concat([proof, Buffer.alloc(48, 1)])), [`login.response=${proof.toString('hex')}`]);
  assert.deepEqual(told('jane', Buffer.from('67c43011f30298a2ad35ece64f16331c44bdbed927841f94', 'hex')), [
    'login.response=67c43011f30298a2ad35ece64f16331c44bdbed927841f94',
  ]);
  assert.deepEqual(told('PC-7$', Buffer.concat([proof, Buffer.alloc(48, 1)])), []);
  assert.deepEqual(told('jane', proof), [], 'shorter than any');
});

test('a name beyond the message, and other messages, yield nothing', () => {
  assert.deepEqual(ntlmLogin(authenticate('CORP', 'jane', 'PC-7').subarray(0, 74)).map(({ value }) => value), ['CORP']);
  assert.deepEqual(ntlmLogin(Buffer.from('NTLMSSP\0\x01\0\0\0'.padEnd(80, '\0'), 'latin1')), []);
});
