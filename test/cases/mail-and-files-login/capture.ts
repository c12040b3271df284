import { CaptureBuilder } from '#capture';
import { alice, publicCredential, second, start, type Told } from '../case.ts';

const server = '93.184.215.14';

export function capture(): Buffer {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: alice, port: 50_001 }, server: { ip: server, port: 110 }, at: start }).handshake()
    .receive('+OK ready\r\n').send('USER jdoe77\r\n').receive('+OK\r\n').send('PASS correct-horse-1\r\n').receive('+OK\r\n').close();
  builder.tcp({ client: { ip: alice, port: 50_002 }, server: { ip: server, port: 21 }, at: start + 5 * second }).handshake()
    .receive('220 ready\r\n').send('USER jdoe77\r\n').receive('331 password\r\n').send('PASS Tr0ub4dor&3\r\n').receive('230 in\r\n').close();
  builder.tcp({ client: { ip: alice, port: 50_003 }, server: { ip: server, port: 21 }, at: start + 9 * second }).handshake()
    .receive('220 ready\r\n').send('USER anonymous\r\n').receive('331 guest\r\n').send('PASS guest@\r\n').receive('230 in\r\n').close();
  return builder.pcap();
}

// A handshake of 3; each line of either side is acknowledged.
const where = { from: alice, country: 'US' };
export const story: readonly Told[] = [
  { rule: 'POP3 credentials in clear', ...where, frame: 10, identifier: { kind: 'password', value: 'correct-horse-1', path: 'pop3.login.password' } },
  { rule: 'FTP credentials in clear', ...where, frame: 26, identifier: { kind: 'password', value: 'Tr0ub4dor&3', path: 'ftp.login.password' } },
  { rule: publicCredential, ...where, frame: 42, identifier: { kind: 'password', value: 'guest@', path: 'ftp.login.anonymous_password' } },
];
