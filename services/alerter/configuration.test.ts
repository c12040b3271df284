import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alerterSection } from './configuration.ts';

const problemsOf = (receiver: object): string[] =>
  (
    alerterSection.safeParse({ receivers: [{ name: 'soc', ...receiver }] }).error?.issues ?? []
  ).map(({ path, message }) => `${path.join('.')}: ${message}`);

test('what no request could be made of is refused at the start', () => {
  assert.deepEqual(problemsOf({ type: 'alertmanager', url: 'http://me:50%25@alerts.example' }), []);
  assert.deepEqual(problemsOf({ type: 'alertmanager', url: 'http://me:50%@alerts.example' }),
    ['receivers.0.url: Expected user and password percent-encoded: % as %25, @ as %40']);
  assert.deepEqual(problemsOf({ type: 'webhook', url: 'https://hook.example', bearerToken: 'tok en\n' }),
    ['receivers.0.bearerToken: Expected a token without spaces and line ends']);
  assert.deepEqual(problemsOf({ type: 'webhook', url: 'https://hook.example', timeout: '0s' }),
    ['receivers.0.timeout: Expected a duration between 1ms and 24d']);
});
