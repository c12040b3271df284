/**
 * What a run of the scheduled detections costs while the store grows: `node dist/test/bench/scheduled.js [hours …]`, by default 10 and 300
 * hours of 20,000 flows each. A run examines what was stored in the last five minutes, and what came before it, as in operation. CPU times,
 * medians of 5; the exit status is 1 when a run takes more than four times as long with the most hours as with the fewest; what merges rows
 * meanwhile counts too.
 */
import type { FlowRecord } from '#flow';
import { run, temporaryStore } from '../../libs/store/testing.ts';
import { contactDetection } from '../../services/detector/contact-detection.ts';
import { failoverDetection } from '../../services/detector/failover-detection.ts';
import { day, hour, second, serviceFlow } from '../../services/detector/scheduled-testing.ts';

const counts = process.argv.slice(2).map(Number);
const [fewest = 10, most = 300] = counts.length > 0 ? [Math.min(...counts), Math.max(...counts)] : [];
const rounds = 5;
/** When the newest hour ends, µs: recently, so that its flows are within their retention. */
const end = Math.floor(Date.now() / 3_600_000) * hour;
const allowedRatio = 4;
const flowsPerHour = 20_000;
const options = { intervalMillis: 30_000, learningMicros: 7 * day, versions: '' };
const detections = [failoverDetection(options), contactDetection(options)];

await using temporary = await temporaryStore();
const { store, path } = temporary;
await store.write(anHour(), []);
// The hour that all others are copied from, as if it had been stored live.
await run(
  path,
  'CREATE TABLE an_hour AS flows',
  'INSERT INTO an_hour SELECT * REPLACE (timestamp AS ingested_at) FROM flows',
  'TRUNCATE TABLE flows',
);
let stored = 0;
const fast = await measure(fewest);
const slow = await measure(most);
for (const { name } of detections) if (slow.get(name)! > allowedRatio * fast.get(name)!) process.exitCode = 1;

/** 200 subjects who use a service; every hundredth flow is not answered, and another place takes over. */
function anHour(): FlowRecord[] {
  return Array.from({ length: flowsPerHour }, (_, index) => {
    const start = end - hour + Math.floor(index / flowsPerHour * hour);
    const flow = (host: number, after: number, fields: Partial<FlowRecord> = {}): FlowRecord => serviceFlow(start + after, {
      'telltale.subject.ip': `10.0.0.${host % 200}`, 'source.port': 1024 + index, '@timestamp': start + after + 5 * second, ...fields,
    });
    switch (index % 100) {
      case 0: return flow(index, 0, { 'destination.packets': 0, 'telltale.unanswered.packets': 6, 'telltale.unanswered.duration': 5 * second });
      case 1: return flow(index - 1, 10 * second, { 'destination.ip': '198.51.100.7', 'telltale.peer.located': 'CN', 'destination.as.number': 4808 });
      default: return flow(index, 0);
    }
  });
}

/** Stores so many hours, and prints and returns the milliseconds of each detection's run. */
async function measure(hours: number): Promise<ReadonlyMap<string, number>> {
  const earlier = ['event_start', 'timestamp', 'ingested_at'].map((column) => `${column} - INTERVAL toInt64(back) HOUR AS ${column}`);
  const anew = ['event_id', 'telltale_flow_id'].map((column) => `concat(toString(back), ' ', ${column}) AS ${column}`);
  await run(path, `INSERT INTO flows SELECT an_hour.* REPLACE (${[...anew, ...earlier].join(', ')})
    FROM an_hour CROSS JOIN (SELECT number AS back FROM numbers(${stored}, ${hours - stored})) AS hours`);
  stored = hours;
  const took = new Map<string, number>();
  for (const detection of detections) {
    const millis: number[] = [];
    let found = 0;
    for (let round = -1; round < rounds; round++) {
      found = 0;
      const before = process.cpuUsage();
      for await (const findings of detection.detect((sql, params) => store.query(sql, params), { since: end, now: end })) found += findings.length;
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) millis.push((user + system) / 1000);
    }
    const median = millis.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
    took.set(detection.name, median);
    console.log(
      `${detection.title}: ${Math.round(median)} ms with ${hours} hours stored, ${(hours * flowsPerHour).toLocaleString('en')} flows; `
        + `${found} findings`,
    );
  }
  return took;
}
