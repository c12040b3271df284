import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { levels } from '#flow';
import { Groups, type GroupsOptions, type StateEntry } from './groups.ts';
import { identityOf, labelsOf, type Group } from './grouping.ts';
import { dueAt, isPending, type Route } from './throttling.ts';
import { sketchFinding, type FindingSketch } from './testing.ts';

const throttle = { groupWait: 10, repeatInterval: 300, quietPeriod: 1000 };
const pager: Route = { name: 'pager', minimumLevel: 'informational', queue: 1000, resendInterval: 0 };
const manager: Route = { name: 'manager', minimumLevel: 'high', queue: 1000, resendInterval: 60 };

function groupsOf(options: Partial<GroupsOptions> = {}): Groups {
  return new Groups({ ...throttle, maxGroups: 1000, rememberedFindings: 1000, routes: [pager, manager], onDrop: () => {}, ...options });
}

function accept(groups: Groups, route: Route, group: Group, now: number): void {
  groups.settle(route, group, { revision: group.revision, at: now, identity: identityOf(group), accepted: true });
}

const sketch: fc.Arbitrary<FindingSketch> = fc.record({
  id: fc.integer({ min: 0, max: 60 }).map(String),
  subject: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
  service: fc.constantFrom('', 'zoom', 'clubhouse'),
  rule: fc.constantFrom('r1', 'r2'),
  level: fc.constantFrom(...levels, 'nonsense'),
  verdict: fc.constantFrom('violation', 'indeterminate'),
  country: fc.constantFrom('', 'CN', 'US', 'HK'),
});

describe('grouping', () => {
  test('one group per subject, service and rule; a finding counts once however often it comes', () => {
    fc.assert(fc.property(fc.array(sketch, { maxLength: 80 }), (sketches) => {
      const groups = groupsOf();
      const expected = new Map<string, Set<string>>();
      const seen = new Set<string>();
      for (const each of sketches) {
        groups.add(sketchFinding(each), 0);
        if (seen.has(each.id)) continue;
        seen.add(each.id);
        const name = `${each.subject}|${each.service}|${each.rule}`;
        expected.set(name, (expected.get(name) ?? new Set()).add(each.id));
      }
      const found = new Map([...groups].map((group) => [`${group.subject}|${group.service}|${group.ruleId}`, group.count]));
      assert.deepEqual(found, new Map([...expected].map(([name, ids]) => [name, ids.size])));
      assert.equal(groups.counts.findings + groups.counts.duplicates, sketches.length);
    }));
  });

  test('labels: the highest level, violation over indeterminate, all countries sorted, nothing empty', () => {
    const groups = groupsOf();
    groups.add(sketchFinding({ id: '1', level: 'low', verdict: 'indeterminate', country: '' }), 0);
    const [group] = groups;
    assert(group);
    assert.deepEqual(labelsOf(group), {
      alertname: 'Rule r1',
      severity: 'low',
      subject: '10.0.0.5',
      service: 'clubhouse',
      rule_id: 'r1',
      verdict: 'indeterminate',
    });
    groups.add(sketchFinding({ id: '2', level: 'critical', country: 'US' }), 0);
    groups.add(sketchFinding({ id: '3', level: 'medium', verdict: 'indeterminate', country: 'CN' }), 0);
    assert.deepEqual(labelsOf(group), {
      alertname: 'Rule r1', severity: 'critical', subject: '10.0.0.5', service: 'clubhouse', rule_id: 'r1', verdict: 'violation', country: 'CN,US',
    });
  });

  test('more of the same keeps the identity; level, verdict and country change it', () => {
    fc.assert(fc.property(fc.array(sketch, { minLength: 1, maxLength: 30 }), (sketches) => {
      const groups = groupsOf();
      for (const [index, each] of sketches.entries()) {
        const before = new Map([...groups].map((group) => [group.key, { labels: JSON.stringify(labelsOf(group)), identity: identityOf(group) }]));
        groups.add(sketchFinding({ ...each, id: `${index}` }), 0);
        for (const group of groups) {
          const old = before.get(group.key);
          if (old) assert.equal(old.identity === identityOf(group), old.labels === JSON.stringify(labelsOf(group)));
        }
      }
    }));
  });

  test('lists and texts of a group are bounded', () => {
    const groups = groupsOf();
    for (let index = 0; index < 100; index++) {
      groups.add(
        {
          ...sketchFinding({ id: `${index}`, country: `C${index}` }),
          'destination.domain': `${index}.example`.repeat(100),
          message: 'm'.repeat(100_000),
        },
        0,
      );
    }
    const [group] = groups;
    assert.equal(group?.count, 100);
    assert(JSON.stringify(group).length < 8000);
  });
});

describe('throttling', () => {
  test('first alert after groupWait, news after repeatInterval, escalation after groupWait, resend after resendInterval while active', () => {
    const groups = groupsOf();
    groups.add(sketchFinding({ id: '1' }), 1000);
    const [group] = groups;
    assert(group);
    assert.equal(dueAt(group, pager, throttle), 1010);
    accept(groups, pager, group, 1010);
    accept(groups, manager, group, 1010);
    assert.equal(dueAt(group, pager, throttle), Infinity);
    assert.equal(dueAt(group, manager, throttle), 1070);
    groups.add(sketchFinding({ id: '2' }), 1020);
    assert.equal(dueAt(group, pager, throttle), 1310);
    assert.equal(dueAt(group, manager, throttle), 1070, 'a resend carries the news');
    groups.add(sketchFinding({ id: '3', country: 'US' }), 1030);
    assert.equal(dueAt(group, pager, throttle), 1020);
    accept(groups, manager, group, 1990);
    assert.equal(dueAt(group, manager, throttle), Infinity, 'it ends at 2030');
  });

  test('below the level of a receiver nothing is due, nothing pending', () => {
    const groups = groupsOf();
    groups.add(sketchFinding({ id: '1', level: 'medium' }), 0);
    const [group] = groups;
    assert(group);
    assert.equal(dueAt(group, manager, throttle), Infinity);
    assert.equal(groups.pendingFor('manager'), 0);
    assert.equal(groups.pendingFor('pager'), 1);
  });

  test('an alert that was given up waits for news, and is not resent', () => {
    const groups = groupsOf();
    groups.add(sketchFinding({ id: '1' }), 0);
    const [group] = groups;
    assert(group);
    groups.settle(manager, group, { revision: group.revision, at: 10, identity: identityOf(group), accepted: false });
    assert.equal(dueAt(group, manager, throttle), Infinity);
    groups.add(sketchFinding({ id: '2' }), 20);
    assert.equal(dueAt(group, manager, throttle), 20);
  });

  type Step = { readonly add: FindingSketch } | { readonly wait: number } | { readonly deliver: 'accepted' | 'lost' } | { readonly restart: true };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: sketch.map((add) => ({ add })) },
    {
      weight: 3,
      arbitrary: fc
        .oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 400 }) }, { weight: 1, arbitrary: fc.constant(1500) })
        .map((wait) => ({ wait })),
    },
    { weight: 3, arbitrary: fc.constantFrom('accepted' as const, 'lost' as const).map((deliver) => ({ deliver })) },
    { weight: 1, arbitrary: fc.constant({ restart: true as const }) },
  );

  test('whatever happens in between, every receiver gets all it should, and nothing sooner than it may', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const journal: StateEntry[] = [];
      let groups = groupsOf();
      let now = 1_000_000;
      const received: { route: Route; key: string; identity: string; openedAt: number; revision: number; count: number; at: number }[] = [];
      const save = () => {
        const changes = groups.takeChanges();
        journal.push(JSON.parse(JSON.stringify(groups.entryOf(changes))) as StateEntry);
      };
      const deliver = (route: Route, outcome: 'accepted' | 'lost') => {
        for (const group of groups.due(route, now, 64)) {
          assert(now >= group.openedAt + throttle.groupWait);
          if (outcome === 'lost') continue;
          received.push({
            route, key: group.key, identity: identityOf(group), openedAt: group.openedAt, revision: group.revision, count: group.count,
            at: now,
          });
          accept(groups, route, group, now);
        }
        save();
      };
      for (const each of steps) {
        if ('add' in each) { groups.add(sketchFinding(each.add), now); save(); }
        if ('wait' in each) { now += each.wait; groups.endQuiet(now); save(); }
        if ('deliver' in each) { deliver(pager, each.deliver); deliver(manager, each.deliver); }
        if ('restart' in each) {
          const before = snapshot(groups);
          groups = groupsOf();
          for (const entry of journal) groups.restore(structuredClone(entry));
          assert.deepEqual(snapshot(groups), before);
        }
      }
      now += throttle.repeatInterval;
      deliver(pager, 'accepted');
      deliver(manager, 'accepted');
      for (const route of [pager, manager]) {
        assert.equal(groups.pendingFor(route.name), 0);
        for (const group of groups) {
          assert(!isPending(group, route));
          const last = received.findLast((each) => each.route === route && each.key === group.key && each.openedAt === group.openedAt);
          if (levels.indexOf(group.level) >= levels.indexOf(route.minimumLevel)) assert.equal(last?.count, group.count);
          else assert.equal(last, undefined);
        }
        const least = Math.min(throttle.repeatInterval, route.resendInterval || Infinity);
        for (const [index, each] of received.entries()) {
          const previous = received.slice(0, index).findLast(
            (other) => other.route === route && each.route === route && other.key === each.key && other.openedAt === each.openedAt,
          );
          if (!previous) continue;
          const news = each.revision > previous.revision && each.identity !== previous.identity;
          assert(each.at - previous.at >= (news ? throttle.groupWait : least));
        }
      }
    }), { numRuns: 200 });
  });
});

describe('the end of a group', () => {
  test('after the quiet period, when no receiver waits for it; a restart does not bring it back', () => {
    const journal: StateEntry[] = [];
    const groups = groupsOf();
    const save = () => journal.push(structuredClone(groups.entryOf(groups.takeChanges())));
    groups.add(sketchFinding({ id: '1' }), 0);
    const [group] = groups;
    assert(group);
    accept(groups, pager, group, 10);
    save();
    groups.endQuiet(5000);
    assert.equal(groups.size, 1, 'the other receiver waits');
    accept(groups, manager, group, 5000);
    save();
    groups.endQuiet(5000);
    save();
    assert.equal(groups.size, 0);
    const restarted = groupsOf();
    for (const entry of journal) restarted.restore(entry);
    assert.equal(restarted.size, 0);
    restarted.add(sketchFinding({ id: '1' }), 6000);
    assert.equal(restarted.counts.duplicates, 1, 'its findings are still known');
  });
});

describe('bounds', () => {
  test('too many groups: the oldest goes, a delivered one first; each alert that is lost by it is told', () => {
    const dropped: string[] = [];
    const groups = groupsOf({ maxGroups: 3, onDrop: (route, group, reason) => dropped.push(`${route.name} ${group.ruleId} ${reason}`) });
    for (const rule of ['a', 'b', 'c']) groups.add(sketchFinding({ id: rule, rule }), 0);
    const second = [...groups][1];
    assert(second);
    for (const route of [pager, manager]) accept(groups, route, second, 10);
    groups.add(sketchFinding({ id: 'd', rule: 'd' }), 20);
    assert.deepEqual([...groups].map(({ ruleId }) => ruleId), ['a', 'c', 'd']);
    assert.deepEqual(dropped, []);
    groups.add(sketchFinding({ id: 'e', rule: 'e' }), 20);
    assert.deepEqual([...groups].map(({ ruleId }) => ruleId), ['c', 'd', 'e']);
    assert.deepEqual(dropped, ['pager a evicted', 'manager a evicted']);
    assert.equal(groups.counts.groupsEvicted, 2);
  });

  test('a full queue drops the one that waits longest, for that receiver alone', () => {
    const dropped: string[] = [];
    const small: Route = { ...pager, queue: 2 };
    const groups = groupsOf({ routes: [small, manager], onDrop: (route, group, reason) => dropped.push(`${route.name} ${group.ruleId} ${reason}`) });
    for (const rule of ['a', 'b', 'c']) groups.add(sketchFinding({ id: rule, rule }), 0);
    assert.deepEqual(dropped, ['pager a queue_full']);
    assert.deepEqual(groups.due(small, 10, 64).map(({ ruleId }) => ruleId), ['b', 'c']);
    assert.deepEqual(groups.due(manager, 10, 64).map(({ ruleId }) => ruleId), ['a', 'b', 'c']);
    groups.add(sketchFinding({ id: 'a2', rule: 'a' }), 20);
    assert.deepEqual(dropped, ['pager a queue_full', 'pager b queue_full']);
  });

  test('an alert on its way when its group was evicted does not count for the group that opened after it', () => {
    const groups = groupsOf({ maxGroups: 1 });
    groups.add(sketchFinding({ id: '1', rule: 'a' }), 0);
    groups.add(sketchFinding({ id: '2', rule: 'a' }), 0);
    const [sent] = groups;
    assert(sent);
    groups.add(sketchFinding({ id: '3', rule: 'b' }), 0);
    groups.add(sketchFinding({ id: '4', rule: 'a' }), 0);
    accept(groups, pager, sent, 10);
    assert.equal(groups.pendingFor('pager'), 1);
  });

  test('remembered findings are bounded', () => {
    const groups = groupsOf({ rememberedFindings: 2 });
    for (const id of ['1', '2', '3', '1', '3']) groups.add(sketchFinding({ id }), 0);
    assert.equal(groups.counts.duplicates, 1, '1 was forgotten, 3 was not');
  });
});

/** The part that must be the same after a restart. */
function snapshot(groups: Groups): unknown {
  return {
    groups: [...groups].map((group) => structuredClone(group)).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    pending: ['pager', 'manager'].map((name) => groups.pendingFor(name)),
  };
}
