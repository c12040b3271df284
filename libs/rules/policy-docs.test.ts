import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatProblem } from '#geo';
import { Jurisdictions } from './jurisdictions.ts';
import { checkPolicyCases } from './policy-fixtures.ts';
import { Inventory } from './policy-inventory.ts';
import { PolicySet } from './policy-set.ts';
import { parsePolicy } from './policy.ts';

const file = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const blocks = [...file('docs/jurisdictions.md').matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!);
const block = (start: string): string => blocks.find((text) => text.startsWith(start))!;

test('docs/jurisdictions.md: the policy, the inventory and the cases shown there work', () => {
  const context = {
    jurisdictions: Jurisdictions.parse(file('libs/rules/jurisdictions.yaml')),
    services: [
      'Zoom', 'Agora', 'Clubhouse', 'Teams', 'Skype', 'Webex', 'Meet', 'WhatsApp', 'Viber', 'Signal', 'Telegram', 'Discord', 'Jitsi', 'BigBlueButton',
      'Slack', 'Chime', 'GoTo', 'RingCentral', 'Twilio', 'Vonage Video', 'LINE', 'KakaoTalk', 'Wire', 'ZEGOCLOUD',
    ],
    kinds: new Map([['email', 'direct'], ['room_id', 'room']]),
  };
  assert.equal(parsePolicy(block('id:'), 'docs', context).id, 'legal-voice');
  assert.deepEqual(Inventory.parse(block('version:'), 'docs').tagsOf('10.20.7.1'), [
    'clearance=secret',
    'country=CH',
    'department=legal',
    'residency=FR',
  ]);
  const shipped = new PolicySet([parsePolicy(file('libs/rules/policies/conferencing.yml'), 'conferencing.yml', context)]);
  assert.deepEqual(checkPolicyCases(shipped, { name: 'docs', text: block('cases:') }).problems.map(formatProblem), []);
});
