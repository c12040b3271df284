import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex, u32 } from './testing/bytes.ts';
import { accessRequest, avp, avp3gpp, creditControl, diameterMessage, gtp1, gtp2, radiusAttribute, radiusPacket } from './testing/binary-samples.ts';
import { dissectPayload, dissectStream, fieldsOf } from './testing/packets.ts';
import { tbcdDigits } from './tbcd.ts';

const subscriber = ['gtp.imsi=(tbcd)262011234567890', 'gtp.msisdn=(tbcd)4915305274968', 'gtp.mei=(tbcd)3520990017614823'];

test('digits of telephony BCD', () => {
  assert.equal(tbcdDigits(hex('214365f7')), '1234567');
  assert.deepEqual([tbcdDigits(hex('21f365')), tbcdDigits(hex('2a')), tbcdDigits(hex('ff')), tbcdDigits(Buffer.alloc(0))], ['', '', '', '']);
});

describe('GTP-C', () => {
  test('version 1 has elements with and without a length', () => {
    assert.deepEqual(fieldsOf(dissectPayload(gtp1).messages[0]), [
      'gtp.imsi=(tbcd)262011234567890',
      'gtp.msisdn=(tbcd)4915305274968',
      'gtp.mei=(tbcd)3520990017614823',
    ]);
  });

  test('version 2, and a message that rides behind another', () => {
    assert.deepEqual(fieldsOf(dissectPayload(gtp2).messages[0]).toSorted(), subscriber.toSorted());
    const ridden = bytes(hex('5823 0008 00000000 00000100'), gtp2);
    assert.deepEqual(fieldsOf(dissectPayload(ridden, { destinationPort: 2123 }).messages[0]).toSorted(), subscriber.toSorted());
  });

  test('off its port every element has to fit; on it, one that does not is counted', () => {
    const broken = Buffer.from(gtp2);
    broken[14] = 0x40;
    assert.equal(dissectPayload(broken).messages[0]!.protocol, 'udp');
    assert.equal(dissectPayload(broken, { sourcePort: 2123 }).counters.get('gtp', 'malformed element'), 1);
    assert.equal(dissectPayload(hex('30ff 0004 00000001 45000000')).messages[0]!.protocol, 'udp');
  });

  test('a header that announces a sequence number has one, on its port too', () => {
    const onPort = { destinationPort: 2123 };
    assert.equal(dissectPayload(hex('3201 0004 00000000 00070000'), onPort).messages[0]!.protocol, 'gtp');
    assert.equal(dissectPayload(hex('3201 0000 00000000'), onPort).messages[0]!.protocol, 'udp');
  });
});

describe('Diameter', () => {
  test('names the subscriber, whatever the order in the group', () => {
    const { messages } = dissectStream([['source', creditControl]]);
    assert.equal(messages[0]!.protocol, 'diameter');
    assert.deepEqual(messages[0]!.fields.map(({ path, key, value }) => `${path} ${key} ${value}`), [
      'diameter.session_id session_id gw.example;18764;5237;app', 'diameter.user_name username jane@example.org',
      'diameter.subscription_id diameter_msisdn 491711234567', 'diameter.subscription_id diameter_imsi 262011234567890',
      'diameter.user_equipment_info diameter_mei 3520990017614823', 'diameter.3gpp_imsi diameter_imsi 262011234567890',
    ]);
  });

  test('a number as TBCD, a user name that is an IMSI', () => {
    const { messages } = dissectStream([
      ['source', diameterMessage(8388622, avp3gpp(700, avp3gpp(701, hex('945103254769f8'))), avp(1, '262011234567890'))],
    ]);
    assert.deepEqual(
      messages[0]!.fields.map(({ key, value }) => `${key} ${value}`),
      ['diameter_msisdn 4915305274968', 'diameter_imsi 262011234567890'],
    );
  });

  test('an attribute that does not fit is counted', () => {
    const broken = diameterMessage(272, avp(263, 'gw;1'), bytes(u32(1), hex('400000ff')));
    const { messages, counters } = dissectStream([['source', broken]]);
    assert.deepEqual([fieldsOf(messages[0]), counters.get('diameter', 'malformed attribute')], [['diameter.session_id=gw;1'], 1]);
    assert.equal(dissectStream([['source', diameterMessage(9)]]).messages[0]!.protocol, 'tcp');
  });
});

describe('RADIUS', () => {
  test('the answers to a challenge, of CHAP and of either version of Microsoft', () => {
    const [md5, nt] = ['7d1c0e523a9b4f7e8c215b0d9a6e4f13', '82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df'];
    const microsoft = (type: number): Buffer => radiusAttribute(26, u32(311), Buffer.from([type, 52]), Buffer.alloc(26, 3), hex(nt));
    const told = (...attributes: Buffer[]): string[] =>
      fieldsOf(dissectPayload(radiusPacket(1, ...attributes), { destinationPort: 1812 }).messages[0]);
    assert.deepEqual(told(radiusAttribute(1, 'jane'), radiusAttribute(3, hex(`07${md5}`))), [
      'radius.user_name=jane',
      `radius.login.response=${md5}`,
    ]);
    assert.deepEqual(
      [told(microsoft(1)), told(microsoft(25)), told(microsoft(11))],
      [[`radius.login.response=${nt}`], [`radius.login.response=${nt}`], []],
    );
  });

  test('user, station and IMSI; the hidden password is none', () => {
    assert.deepEqual(fieldsOf(dissectPayload(accessRequest).messages[0]), [
      'radius.user_name=jane', 'radius.calling_station_id=3C-15-C2-9A-01-FE', 'radius.3gpp_imsi=262011234567890',
    ]);
    const call = radiusPacket(4, radiusAttribute(31, '+491711234567'), radiusAttribute(1, '262011234567890'));
    assert.deepEqual(dissectPayload(call, { destinationPort: 1813 }).messages[0]!.fields.map(({ key }) => key), ['phone', 'radius_imsi']);
  });

  test('off its port every attribute has to fit; on it, one that does not is counted', () => {
    const broken = Buffer.from(accessRequest);
    broken[21] = 1;
    assert.equal(dissectPayload(broken).messages[0]!.protocol, 'udp');
    assert.equal(dissectPayload(broken, { destinationPort: 1812 }).counters.get('radius', 'malformed attribute'), 1);
  });
});
