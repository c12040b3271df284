import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicPath } from './place.ts';

test('names of fields stay as they are', () => {
  for (const path of [
    'url.query.uid',
    'http.request.body.json.room.users[12345].id',
    'udp.payload@12',
    'tcp.payload@65535',
    'http.request.header.x-device-id',
    'url.path',
    'http.request.header.cookie.ASP.NET_SessionId',
    'dns.question.name',
    'http.request.body.form.fb_dtsg_ag',
    'http.request.body.json.days.2024-01-02.total',
    'http.request.body.json.list.0.1.2.3.4.5.6.7.8.9',
  ])
    assert.equal(publicPath(path), path);
});

test('identifiers that serve as keys are left out', () => {
  for (const [path, expected] of [
    ['http.request.body.json.members.anna.b@example.org.room_id', 'http.request.body.json.{key}.room_id'],
    ['http.request.body.json.5550918273', 'http.request.body.json.{key}'],
    ['url.query.anna@example.org', 'url.query.{key}.org'],
    ['http.request.header.cookie.uid_5550918273', 'http.request.header.cookie.{key}'],
    ['http.response.body.json.devices.38400000-8cf0-11bd-b23e-10b96e40000d.name', 'http.response.body.json.{key}.name'],
    ['http.request.body.json.a4:83:e7:2b:9c:d1.rssi', 'http.request.body.json.{key}.rssi'],
    ['http.request.body.multipart.c4f17a90d25b386e.filename', 'http.request.body.multipart.{key}.filename'],
    ['http.request.body.json.members.anna%40example.org.room_id', 'http.request.body.json.{key}.room_id'],
    ['http.request.body.json.members.anna%2540example.org.room_id', 'http.request.body.json.{key}.room_id'],
    ['http.request.body.json.contacts.+39 081 768 3821.name', 'http.request.body.json.{key}.name'],
    ['http.request.body.json.holders.536-22-8714.name', 'http.request.body.json.{key}.name'],
    ['http.request.body.json.accounts.DE89 3704 0044 0532 0130 00.owner', 'http.request.body.json.{key}.owner'],
    ['http.request.body.json.stations.3c15.c29a.01fe.rssi', 'http.request.body.json.{key}.rssi'],
    ['5550918273', '{key}'],
  ]) assert.equal(publicPath(path!), expected);
});
