import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, hex, u8 } from './testing/bytes.ts';
import { ajpBody, ajpRequest, ajpResponse } from './testing/binary-samples.ts';
import { dissectStream, fieldsOf } from './testing/packets.ts';

test('a request has the facts and fields that it has in HTTP', () => {
  const { messages } = dissectStream([['source', ajpRequest]]);
  assert.equal(messages[0]!.protocol, 'ajp');
  assert.deepEqual(messages[0]!.facts, {
    'http.request.method': 'POST', 'url.path': '/shop/cart', 'url.domain': 'shop.example', 'url.query': 'uid=42&x=1', 'user_agent.original': 'curl/8',
  });
  assert.deepEqual(fieldsOf(messages[0]), [
    'url.path=/shop/cart',
    'http.request.header.user-agent=curl/8',
    'http.request.header.cookie.JSESSIONID=0853907D8E324776A74C2A50A32664E2.7',
    'http.request.header.cookie.lang=en',
    'http.request.header.content-length=11',
    'http.request.header.x-user-id=4711',
    'url.query.uid=42',
    'url.query.x=1',
    'ajp.remote_user=jane',
    'ajp.attribute.AJP_REMOTE_PORT=5000',
  ]);
});

test('the body follows a request that announces one, and responses set cookies', () => {
  const { messages } = dissectStream([['source', bytes(ajpRequest, ajpBody)], ['destination', ajpResponse], ['source', ajpRequest]]);
  assert.deepEqual(fieldsOf(messages[1]), ['http.request.body.form.room_id=R77']);
  assert.deepEqual(
    [messages[2]!.facts['http.response.status_code'], ...fieldsOf(messages[2])],
    [200, 'http.response.header.set-cookie.SID=8cd5c53b77aa'],
  );
  assert.equal(messages[3]!.facts['http.request.method'], 'POST');
});

test('the name of an attribute that is data is no step of a path', () => {
  const named = Buffer.from(ajpRequest.toString('latin1').replace('AJP_REMOTE_PORT', 'jane@ex.example'), 'latin1');
  assert.equal(fieldsOf(dissectStream([['source', named]]).messages[0]).at(-1), 'ajp.attribute.*=5000');
});

test('a ping opens a connection; malformed requests and what is no packet are counted', () => {
  assert.equal(dissectStream([['source', bytes(hex('1234 0001 0a'), ajpRequest)]]).messages.length, 1);
  const cut = bytes(hex('1234 0020'), ajpRequest.subarray(4, 36));
  assert.equal(dissectStream([['source', cut]]).counters.get('ajp', 'malformed request'), 1);
  assert.equal(dissectStream([['source', bytes(ajpRequest, hex('5050 0001'), u8(2))]]).counters.get('ajp', 'malformed frame'), 1);
});
