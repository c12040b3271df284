import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { KeyNames, wordsOf } from './key-names.ts';

const names = new KeyNames(catalogue);
const kinds = (key: string, path?: string): string[] => names.announced(key, path)?.kinds.map((kind) => kind.name) ?? [];

describe('key names', () => {
  test('are split into words', () => {
    assert.deepEqual(wordsOf('X-Client-UserID'), ['x', 'client', 'user', 'id']);
    assert.deepEqual(wordsOf('openUDID'), ['open', 'udid']);
    assert.deepEqual(wordsOf('_android_id'), ['android', 'id']);
    assert.deepEqual(wordsOf('IMEINumber2'), ['imei', 'number2']);
  });
  test('in every spelling', () => {
    const spellings = 'user_id userId UserID USER-ID userid _userId x-user-id from_user_id target.user_id user_id_2'.split(' ');
    for (const key of spellings) assert.ok(kinds(key).includes('user_id'), key);
  });
  test('behind unknown words only where the name speaks for itself', () => {
    assert.deepEqual(names.announced('acme_user_id')?.loose, true);
    assert.deepEqual(kinds('acme_uid'), []);
    assert.deepEqual(names.announced('client_uid')?.loose, false);
  });
  test('with the name above', () => {
    assert.ok(kinds('id', 'http.request.body.json.room.id').includes('room_id'));
    assert.ok(kinds('id', 'http.request.body.json.data.users[3].id').includes('user_id'));
    assert.deepEqual(kinds('id', 'http.request.body.json.id'), []);
    assert.deepEqual(kinds('id', 'http.request.body.json.product.id'), []);
    assert.deepEqual(kinds('id'), []);
    const token = kinds('token');
    assert.ok(token.length > 0);
    assert.deepEqual(kinds('token', 'http.request.body.json.token'), token);
    assert.notDeepEqual(kinds('token', 'http.request.body.json.csrf.token'), token);
    assert.ok(kinds('X-Token', 'http.request.header.x-token').length > 0);
    assert.deepEqual(kinds('X-Token'), []);
  });
  test('that mean something else', () => {
    const others = ['csrf_token', 'X-Request-ID', 'trace_id', 'user_id_type', 'nextPageToken', 'Call-ID', 'session_count', 'guideline', ''];
    for (const key of others) assert.deepEqual(kinds(key), [], key);
  });
  test('of any number do not fill the memory', () => {
    for (let i = 0; i < 50_000; i++) names.announced(`made_up_${i}_name`);
    assert.ok(kinds('userId').includes('user_id'));
  });
});
