/**
 * What the review page asks of an embedded store that is large: `node dist/test/bench/review.js [findings …]`, by default 20,000 and
 * 500,000 of the last 30 days. CPU time and time of an answer, medians of 5; what merges rows meanwhile counts too.
 */
import { findFinding, findFindings, summariseFindings, type FindingFilter, type FindingSorting } from '#store';
import { run, temporaryStore } from '../../libs/store/testing.ts';
import { stories } from '../../services/review/testing.ts';

const counts = process.argv.slice(2).map(Number).toSorted((a, b) => a - b);
if (counts.length === 0) counts.push(20_000, 500_000);
const rounds = 5;
/** Findings that all others are copies of, and how many copies an insert brings. */
const told = stories(2_000);
const copiesPerInsert = 25;

await using temporary = await temporaryStore();
const { store, path } = temporary;
await store.write([], told.map(({ finding }) => finding));
await run(path, 'CREATE TABLE told AS findings', 'INSERT INTO told SELECT * FROM findings', 'TRUNCATE TABLE findings');
let stored = 0;
for (const count of counts) {
  await fill(count);
  console.log(`${count.toLocaleString('en')} findings`);
  const week = { from: (Date.now() - 7 * 86_400_000) * 1000 };
  await measure('summary', () => summariseFindings(store, {}));
  await measure('summary, two levels in a country', () => summariseFindings(store, { level: ['high', 'critical'], country: ['CN'] }));
  await measure('summary, a text of the last week', () => summariseFindings(store, { text: 'portal', ...week }));
  await measure('newest', () => list('time'));
  await measure('highest level, in a country', () => list('level', { country: ['CN'] }));
  await measure('thousandth page', () => list('time', {}, Math.max(0, Math.min(100_000, count - 100))));
  const [first] = await list('time');
  await measure('a finding', () => findFinding(store, String(first!['event.id'])));
  await measure('summary and newest while findings are stored, with their CPU time', whileStoring(() => Promise.all([
    summariseFindings(store, {}), list('time'),
  ])));
}

function list(sort: FindingSorting, filter: FindingFilter = {}, offset = 0) {
  return findFindings(store, filter, { sort, descending: true, offset, limit: 100 });
}

/** Stores so many findings, spread over 30 days, of 5,000 subjects and with as many identifiers. */
async function fill(findings: number): Promise<void> {
  const copies = findings / told.length;
  for (; stored < copies; stored += copiesPerInsert) {
    const anew = (column: string): string => `lower(hex(sipHash128(${column}, back))) AS ${column}`;
    await run(path, `INSERT INTO findings SELECT told.* REPLACE (
        ${anew('event_id')}, ${anew('telltale_flow_id')}, ${anew('telltale_record_id')},
        if(telltale_observable_token = '', '',
          concat('tk1.9f3c01aa.', substring(hex(MD5(toString(cityHash64(telltale_record_id, back) % 5000))), 1, 22)))
          AS telltale_observable_token,
        concat('10.20.', toString(cityHash64(telltale_flow_id, back) % 20), '.', toString(cityHash64(back, telltale_flow_id) % 250))
          AS telltale_subject_ip,
        now64(6) - toIntervalSecond(cityHash64(event_id, back) % (30 * 86400)) AS timestamp, timestamp AS event_created, now64(3) AS ingested_at)
      FROM told CROSS JOIN (SELECT number AS back FROM numbers(${stored}, ${Math.min(copiesPerInsert, copies - stored)})) AS copies`);
  }
  stored = copies;
}

/** Does the work in the middle of inserts, and waits for none but that in progress. */
function whileStoring(work: () => Promise<unknown>): () => Promise<unknown> {
  return async () => {
    let done = false;
    const batch = told.map(({ finding }) => finding);
    const storing = (async () => { while (!done) await store.write([], batch); })();
    await work();
    done = true;
    await storing;
  };
}

async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  const took: { cpu: number; wall: number }[] = [];
  for (let round = -1; round < rounds; round++) {
    const [before, started] = [process.cpuUsage(), performance.now()];
    await work();
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) took.push({ cpu: (user + system) / 1000, wall: performance.now() - started });
  }
  const median = (of: 'cpu' | 'wall'): string => Math.round(
    took.map((each) => each[of]).toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!,
  ).toLocaleString('en');
  console.log(`  ${what}: ${median('cpu')} ms of CPU time, ${median('wall')} ms`);
}
