import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowRecord, type FlowRecord, type Observable } from '#flow';
import { levelOfScore, Linkability, riskScore, togetherScore } from './linkability.ts';

const second = 1_000_000;

function seen(kind: string, fields: Partial<Observable> = {}): Observable {
  return {
    kind, path: 'url.query.x', encoding: '', visibility: 'cleartext', confidence: 90, mask: '******', token: `token of ${kind}`,
    sender: 'source', frame: 1, watchlist: '', ...fields,
  };
}

let made = 0;
/** A record of 10.0.0.1 to an external peer, each in a flow of its own. */
function record(at: number, observables: Observable[], fields: Partial<FlowRecord> = {}): FlowRecord {
  made++;
  return Object.assign(createFlowRecord(), {
    'event.id': `record ${made}`, 'telltale.flow.id': `flow ${made}`, '@timestamp': at * second, 'telltale.observables': observables,
    'source.ip': '10.0.0.1', 'destination.ip': '198.51.100.7', 'telltale.subject.ip': '10.0.0.1', 'telltale.peer.ip': '198.51.100.7',
  }, fields);
}

const kindsOf = (link: ReturnType<Linkability['link']>): string[] | undefined => link?.observables.map(({ kind }) => kind);

test('user and room in two flows to two peers are linked: both pass the same path', () => {
  const linkability = new Linkability(100);
  assert.equal(linkability.link(record(0, [seen('user_id')]), false), undefined);
  const link = linkability.link(record(60, [seen('room_id')], { 'destination.ip': '203.0.113.9', 'telltale.peer.ip': '203.0.113.9' }), false);
  assert.deepEqual(kindsOf(link), ['room_id', 'user_id']);
  assert.equal(link!.score, 62); // 1 - (1 - 0.45 × 0.9) × (1 - 0.40 × 0.9)
});

test('what makes a link, and what does not', () => {
  const together = (...kinds: string[]): string[] | undefined =>
    kindsOf(
      new Linkability(100).link(
        record(
          0,
          kinds.map((kind) => seen(kind)),
        ),
        false,
      ),
    );
  assert.deepEqual(together('user_id', 'room_id'), ['user_id', 'room_id']);
  assert.deepEqual(together('android_id', 'account_id'), ['android_id', 'account_id']);
  assert.deepEqual(together('person_name', 'geo_position'), ['person_name', 'geo_position']);
  assert.deepEqual(together('inferred_user_id', 'inferred_room_id'), ['inferred_user_id', 'inferred_room_id']);
  assert.deepEqual(together('user_id', 'android_id', 'room_id'), ['user_id', 'android_id', 'room_id']);
  for (const alone of [
    ['user_id'],
    ['user_id', 'account_id'],
    ['room_id', 'meeting_id'],
    ['room_id', 'geo_position'],
    ['user_id', 'password'],
    ['email', 'session_token'],
    ['user_id', 'email'],
  ]) {
    assert.equal(together(...alone), undefined, alone.join());
  }
});

test('what is far apart is not together, unless in one flow', () => {
  const user = [seen('user_id')];
  const room = [seen('room_id')];
  const far = new Linkability(100);
  far.link(record(0, user), false);
  assert.equal(far.link(record(121, room), false), undefined);
  const oneFlow = new Linkability(100);
  oneFlow.link(record(0, user, { 'telltale.flow.id': 'long' }), false);
  assert.deepEqual(kindsOf(oneFlow.link(record(3600, room, { 'telltale.flow.id': 'long' }), false)), ['room_id', 'user_id']);
});

test('nobody sees together what different subjects send, what two peers inside get, or what is readable to inspection only', () => {
  const subjects = new Linkability(100);
  subjects.link(record(0, [seen('user_id')]), false);
  assert.equal(subjects.link(record(1, [seen('room_id')], { 'telltale.subject.ip': '10.0.0.2', 'source.ip': '10.0.0.2' }), false), undefined);

  const inside = new Linkability(100);
  inside.link(record(0, [seen('user_id')], { 'telltale.peer.ip': '10.0.9.1' }), true);
  assert.equal(inside.link(record(1, [seen('room_id')], { 'telltale.peer.ip': '10.0.9.2' }), true), undefined);
  const link = inside.link(record(2, [seen('room_id')], { 'telltale.peer.ip': '10.0.9.1' }), true);
  assert.deepEqual([kindsOf(link), link!.score], [['room_id', 'user_id'], 31], 'inside it weighs half');

  assert.equal(new Linkability(100).link(record(0, [seen('user_id'), seen('room_id', { visibility: 'inspected' })]), false), undefined);
  assert.equal(new Linkability(100).link(record(0, [seen('user_id'), seen('room_id', { sender: 'destination' })]), false), undefined);
  assert.equal(new Linkability(100).link(record(0, [seen('user_id'), seen('room_id', { confidence: 30 })]), false), undefined);
});

test('a link is told once, a new identifier makes a new one, and a replay tells the same again', () => {
  const linkability = new Linkability(100);
  const first = record(0, [seen('user_id')]);
  const completes = record(5, [seen('room_id')]);
  const repeats = record(6, [seen('user_id'), seen('room_id')]);
  const elsewhere = record(7, [seen('room_id', { token: 'another room' })]);
  const told = (): (string[] | undefined)[] => [first, completes, repeats, elsewhere].map((one) => kindsOf(linkability.link(one, false)));
  const once = told();
  assert.deepEqual(once, [undefined, ['room_id', 'user_id'], undefined, ['room_id', 'user_id']]);
  assert.deepEqual(told(), once);
});

test('subjects are remembered within a bound', () => {
  const linkability = new Linkability(2);
  linkability.link(record(0, [seen('user_id')]), false);
  for (let i = 0; i < 8; i++) linkability.link(record(1, [seen('user_id')], { 'telltale.subject.ip': `10.0.1.${i}` }), false);
  assert.equal(linkability.link(record(2, [seen('room_id')]), false), undefined);
});

test('together scores above each alone, and levels follow', () => {
  const alone = ['user_id', 'room_id', 'android_id', 'geo_position'].map((kind) => togetherScore([seen(kind)]));
  assert.deepEqual(alone, [41, 36, 41, 45]);
  const growing = [1, 2, 3, 4].map((n) => togetherScore(['user_id', 'room_id', 'android_id', 'geo_position'].slice(0, n).map((kind) => seen(kind))));
  assert.deepEqual(growing, [41, 62, 77, 88]);
  assert.deepEqual(growing.map(levelOfScore), ['medium', 'high', 'high', 'critical']);
  assert.equal(togetherScore([seen('user_id'), seen('user_name')]), 41, 'two of one class tell no more');
  assert.equal(togetherScore([]), 0);
  assert.equal(riskScore('critical', []), 80);
  assert.equal(riskScore('medium', [seen('user_id')]), 41);
  assert.equal(riskScore('low', [seen('password')]), 39, 'a level keeps its place');
});
