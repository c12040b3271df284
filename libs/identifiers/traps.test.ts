import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMessage } from '#dissect';
import { field, found, messageOf, payloadOf, recognise } from './testing.ts';

const header = (name: string, value: string, side = 'request') => field(name, value, `http.${side}.header.${name.toLowerCase()}`);
const cookie = (name: string, value: string) => field(name, value, `http.request.header.cookie.${name}`);
const page = (text: string) => field('', text, 'http.response.body.text');

describe('what looks like an identifier and is none', () => {
  const traps: Record<string, Parameters<typeof messageOf>> = {
    'ids of pictures, posts and styles in a feed': [
      page(
        '<img src="//wx3.pics.example/orj360/7f3a91c2ly1hq2m8kd0wvj20u00u0q7b.jpg"><a href="/u/feed?mod=hot" suda-uatrack="key=tab&'
          + 'value=5028841930276513">',
      ),
      page('{"mblogid":"OzR4k7QpW","pic_ids":["7f3a91c2ly1hq2m8kd0wvj20u00u0q7b"],"attitudes_count":4812,"reposts_count":1207,"source_type":1}'),
      field('mid', '5028841930276513'), field('cid', '4488120937712345'), field('pic_id', '7f3a91c2ly1hq2m8kd0wvj20u00u0q7b'),
    ],
    'words of telephony in a text': [
      page('The IMSI is stored on the SIM; the imei: see the label, and an msisdn is a number. imsi catchers log 15 digits.'),
    ],
    'time stamps of 10 to 16 digits': [
      field('ts', '1732147200123456'), field('uid', '1732147200123456'), field('device_id', '1732147200123'), field('session_id', '1732147200'),
      page('{"created":1732147200123456,"updated":1732147200123}'),
    ],
    'ids of requests and traces': [
      header('X-Request-Id', '7c1f4a92-b06d-4c38-8f51-93da27c6e0b4'),
      header('X-Playback-Session-Id', '5E21C0A7-94BD-4F3E-A86C-0D7F19B2E453'),
      header('X-Correlation-Id', '0d93a7c4-e15b-486f-9a30-cd74b8e2165f'),
      header('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
      header('X-Amzn-Trace-Id', 'Root=1-67891233-abcdef012345678912345678'),
      field('requestId', '5e2b9c14-7d30-4f68-a1b5-c86f0e93d274'),
      field('trace_id', '4bf92f3577b34da6a3ce929d0e0e4736'),
    ],
    'packages and their versions': [
      page('import x from "https://cdn.example.net/npm/left-shelf@4.17.21/index.js"; // harbour-kit@1.2, @acme/ui@3.0.1'),
      field('', '/npm/harbour-kit@1.2/dist/kit.min.js', 'url.path'),
      field('v', '2.11.4'),
      field('app_version', '10.20.31.42'),
      field('build', '20241121.4'),
    ],
    'cookies against forgery, of experiments, balancers and consent': [
      cookie('csrftoken', 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuo'),
      cookie('XSRF-TOKEN', 'a17c3e90b84d52f6e0917bc34d8fa265'),
      cookie('ab_test_bucket', 'variant-b7f2a91c'),
      cookie('AWSALB', 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuoEl'),
      cookie('__cf_bm', 'Zm2XvT8hDrThB3W6RvBh.1732147200-0-Af7'),
      cookie('cookie_consent', 'accepted:2024-11-21'),
      field('authenticity_token', 'kQ7Zm2XvT8hDrThB3W6RvBhYkybhCkuoEl=='),
    ],
    'validators, checksums and orders': [
      header('ETag', '"5f2c-61a3b9e07c480"', 'response'),
      header('If-None-Match', 'W/"9f3c2d1e8b7a4c60"'),
      field('md5', '0d93a7c4e15b286f9a30cd74b8e2165f'),
      field('order_no', '202411210004817723'),
      field('orderId', '4100238817'),
      field('tracking_no', '00340434161094042557'),
      field('sku', 'WQ-48213-B'),
      field('_', '1732147200123'),
      field('cb', '8814207731'),
      field('v', '7f3a91c2d4e8b605'),
      field('rand', '0.8841203377'),
    ],
    'rooms of houses and hotels': [
      field('room', 'double'),
      field('rooms', '2'),
      field('room', 'living_room'),
      field('room_number', '204'),
      field('channel', 'organic'),
    ],
  };
  for (const [name, fields] of Object.entries(traps)) test(name, () => assert.deepEqual(found(messageOf(...fields)), []));

  test('all of them in one message', () => assert.deepEqual(found(messageOf(...Object.values(traps).flat())), []));

  test('the version token of Gnutella', () => {
    const line = 'X-Token: kQ7ZAm2XvT8hDrThB3W6/RvBhYkybhCkuoEl';
    const message = {
      ...createMessage('tcp', { verdict: 'cleartext', reason: 'text' }, { sender: 'source', frame: 9, micros: 1 }),
      payload: Buffer.from(line),
    };
    assert.deepEqual(found(message), []);
    assert.deepEqual(found(messageOf(header('X-Token', 'kQ7ZAm2XvT8hDrThB3W6'))), ['bearer_token=kQ7ZAm2XvT8hDrThB3W6']);
  });
});

describe('rooms and channels under plain names', () => {
  const confidences = (...fields: Parameters<typeof messageOf>) =>
    recognise(messageOf(...fields)).map(({ observable }) => `${observable.kind} ${observable.confidence}`);

  test('count for little on a page, and more beside an account', () => {
    assert.deepEqual(confidences(field('room', 'wq-lounge-42')), ['room_id 40']);
    assert.deepEqual(confidences(field('channel_id', '10004817')), ['channel_id 40']);
    assert.deepEqual(confidences(field('meeting', '98765432101')), ['meeting_id 40']);
    assert.deepEqual(confidences(field('user_id', '4711'), field('room', 'wq-lounge-42')), ['user_id 88', 'room_id 80']);
    assert.deepEqual(confidences(field('roomId', 'wq-lounge-42')), ['room_id 90']);
    assert.deepEqual(found(payloadOf(Buffer.from('\0\0\0\x07room=wq-lounge-42\0'))), ['room_id=wq-lounge-42']);
  });

  test("count fully in the transports of Jitsi's conferences", () => {
    const at = (path: string) =>
      recognise({ ...messageOf(field('room', 'harbour-review')), facts: { 'url.path': path } }).map(({ observable }) => observable.confidence);
    assert.deepEqual([at('/http-bind'), at('/xmpp-websocket'), at('/search')], [[90], [90], [40]]);
  });
});
