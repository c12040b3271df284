import { CaptureError } from '#capture';
import { levels, type Finding, type Hit, type Level } from '#flow';
import { formatProblem, LocatedError } from '#geo';
import { WatchlistError, type Watchlist } from '#identifiers';
import { projectRoot } from '#runtime';
import { openStore } from '#store';
import { correlate } from '../detector/correlation-detection.ts';
import { loadDetection, type LoadedDetection } from '../detector/packs.ts';
import { whyUnreadable } from '../file-problem.ts';
import { listCaptures, type CaptureInput, type UnreadableInput } from '../probe/captures.ts';
import { createPipeline } from '../probe/create.ts';
import { replayCapture, type ReplayOptions } from '../probe/replay.ts';
import { loadOrCreateTokenKey } from '../probe/token-key.ts';
import { readWatchlists, watchKeyOf, watchOf } from '../probe/watchlists.ts';
import { mostWorkers, startWorkers } from '../probe/workers.ts';
import { dataFolder, defaultDataFolder, makeDataFolder } from '../standalone/data-folder.ts';
import { oneOf, parseArguments, wholeNumber } from './arguments.ts';
import { exitStatus, UnusableError, UsageError, type Command } from './command.ts';
import { Leaks } from './leaks.ts';
import { findingLine } from './ndjson.ts';
import { Progress } from './progress.ts';
import { requireRules } from './rules-folder.ts';
import { printSummary, type ScanTotals } from './summary.ts';
import { findingsTable, widthOf } from './table.ts';

const help = `Usage: telltale scan FILE|-|DIR… [options]

Reads captures (pcap, pcapng), logs (Zeek, Suricata EVE, HAR, mitmproxy, cloud
flow logs) and flow exports (NetFlow, IPFIX, sFlow), told apart by content, and
prints what they leak. Findings go to standard output, progress and a summary to
standard error.

Options:
  --format table|ndjson  table for people (default on a terminal), or one JSON
                         object per line with Elastic Common Schema names
                         (docs/finding.schema.json)
  --rules DIR            Sigma rules to use instead of the pack that ships
  --policy FILE          jurisdiction policy to use instead of the one that
                         ships
  --data DIR             also store flows and findings in the embedded
                         ClickHouse of this folder
  --fail-on LEVEL        exit with 3 when a finding has this level or a higher
                         one (${levels.join(', ')})
  --workers N            threads that share the packets of a capture; 1 without
  --reveal               print the identifiers themselves, to this terminal
                         only; they are stored nowhere

Exit status: 0 scanned, 2 unusable arguments, rules or policy, unreadable
input (the rest is still scanned) or none at all, 3 a finding at or above
--fail-on, 130 stopped by Ctrl-C, 1 any other failure.

Tokens are made with the key in token.key of the data folder (--data, else
${defaultDataFolder}), so that the same identifier has the same token in every
scan. Watchlists are those of that folder (telltale watchlist).
`;

/** Most raw values that are kept for --reveal; further ones are printed as masks. */
const maxRevealed = 1_000_000;
/** Most matches that are kept for correlations; the summary says how many more there were. */
const mostHits = 1_000_000;

export const scan: Command = {
  help,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: {
        format: { type: 'string', default: process.stdout.isTTY ? 'table' : 'ndjson' },
        rules: { type: 'string' },
        policy: { type: 'string' },
        data: { type: 'string' },
        'fail-on': { type: 'string' },
        workers: { type: 'string', default: '1' },
        reveal: { type: 'boolean', default: false },
      },
    });
    if (positionals.length === 0) throw new UsageError('scan needs at least one FILE, DIR or -');
    const format = oneOf('--format', values.format, ['table', 'ndjson']);
    const failOn = values['fail-on'] === undefined ? undefined : oneOf('--fail-on', values['fail-on'], levels);

    const revealed = new Map<string, string>();
    const { detection, pack, versions, warnings } = await load(values.rules, values.policy);
    for (const warning of warnings) process.stderr.write(`${formatProblem(warning)}\n`);
    const folder = dataFolder(values.data ?? defaultDataFolder);
    if (values.data !== undefined) await makeDataFolder(values.data).catch(unusable);
    const tokenKey = await loadOrCreateTokenKey(folder.tokenKey);
    const reveal = (token: string, value: string): void => {
      // A digest has the same token as the value it was made from, which comes first.
      if (revealed.size < maxRevealed && !revealed.has(token)) revealed.set(token, value);
    };
    const pipeline = createPipeline({
      tokenKey,
      ...(values.reveal && { onRecognised: (recognised) => { for (const { observable, value } of recognised) reveal(observable.token, value); } }),
    });
    const watchlists = await watchlistsOf(folder.watchlists, tokenKey);
    pipeline.watch(watchOf(watchlists, tokenKey));
    await using workers = startWorkers({
      workers: wholeNumber('--workers', values.workers, mostWorkers),
      tokenKey,
      ...(values.reveal && { onRevealed: reveal }),
    });
    workers?.watch(watchlists);
    await using store = values.data === undefined ? undefined : await openStore({ path: folder.clickhouse, warn });
    await store?.migrate();

    const stopping = stopsOnSignal();
    // A store that waits, such as for room on its disk, must not keep a person who stops the scan waiting as well.
    stopping.addEventListener('abort', () => setTimeout(() => void store?.close(), storePatience).unref());
    const totals: ScanTotals = { captures: 0, packets: 0, records: 0, leaks: new Leaks(), skipped: 0, hitsDropped: 0, unreadable: [] };
    const output = new FindingsOutput(format, totals.leaks, revealed);
    const hits: Hit[] = [];
    const { inputs, unreadable } = await listCaptures(positionals);
    totals.unreadable.push(...unreadable);
    await readInputs(inputs, totals, {
      pipeline,
      signal: stopping,
      ...(workers && { workers }),
      send: async (records) => {
        const findings = detection.detect(records);
        await store?.write(records, findings, detection.hits);
        totals.records += records.length;
        totals.hitsDropped += Math.max(0, hits.length + detection.hits.length - mostHits);
        hits.push(...detection.hits.slice(0, mostHits - hits.length));
        await output.add(findings);
      },
    });
    // A script would take the silence about an empty folder for a clean result.
    if (totals.captures === 0 && totals.unreadable.length === 0 && !stopping.aborted)
      for (const path of positionals) totals.unreadable.push({ path, reason: 'the folder holds nothing that can be scanned' });
    const correlated = correlate(pack.correlations, hits, versions);
    await store?.write([], correlated);
    await output.add(correlated);

    await output.finish();
    printSummary(totals, pipeline);
    if (!stopping.aborted) return statusOf(totals, failOn);
    process.stderr.write(`Stopped with ${totals.captures} of ${inputs.length} inputs read to the end.\n`);
    return stoppedBy[stopping.reason as StopSignal];
  },
};

/** How long a stopped scan waits for its store, ms. */
const storePatience = 3_000;

/** Exit statuses of a scan that was stopped: those that a shell gives to what a signal ended. */
const stoppedBy = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof stoppedBy;

/** Aborted by the first Ctrl-C or SIGTERM, so that what was found until then is told; the second ends the process as usual. */
function stopsOnSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of Object.keys(stoppedBy) as StopSignal[]) process.once(signal, () => stopping.abort(signal));
  return stopping.signal;
}

/** What delays the store, such as a disk without space, would otherwise look like a scan that hangs. */
function warn(message: string): void {
  process.stderr.write(`telltale scan: ${message}\n`);
}

/** Prints findings on standard output: as a table at the end, or a line each as they are found. */
class FindingsOutput {
  readonly #format: 'table' | 'ndjson';
  readonly #leaks: Leaks;
  readonly #revealed: ReadonlyMap<string, string>;
  readonly #listed: Finding[] = [];

  /** @param revealed raw values by token, with --reveal */
  constructor(format: 'table' | 'ndjson', leaks: Leaks, revealed: ReadonlyMap<string, string>) {
    this.#format = format;
    this.#leaks = leaks;
    this.#revealed = revealed;
  }

  async add(findings: readonly Finding[]): Promise<void> {
    this.#leaks.add(findings);
    if (this.#format === 'table') this.#listed.push(...findings);
    else for (const finding of findings) await print(`${findingLine(finding, this.#valueOf(finding))}\n`);
  }

  async finish(): Promise<void> {
    if (this.#listed.length > 0) await print(`${findingsTable(this.#listed, (finding) => this.#valueOf(finding), widthOf(process.stdout))}\n`);
  }

  #valueOf(finding: Finding): string | undefined {
    return this.#revealed.get(finding['telltale.observable.token']);
  }
}

/** Reads the inputs one after the other, with progress on a terminal. One that cannot be read is noted, and the rest still read. */
async function readInputs(inputs: readonly CaptureInput[], totals: ScanTotals, replay: Omit<ReplayOptions, 'onProgress'>): Promise<void> {
  const progress = new Progress(inputs);
  for (const input of inputs) {
    if (replay.signal?.aborted) break;
    try {
      const { packets, problem, stopped } = await replayCapture(input, {
        ...replay,
        onProgress: (bytes, read) => progress.update(input, bytes, read),
      });
      if (problem) totals.unreadable.push({ path: input.path, reason: `it could not be read to its end: ${problem.message}` });
      totals.packets += packets;
      if (!stopped) totals.captures++;
    } catch (error) {
      if (replay.signal?.aborted) break;
      const problem = inputProblem(input, error);
      if (problem) totals.unreadable.push(problem);
      else totals.skipped++;
    }
    progress.done(input);
  }
  progress.finish();
}

/** The folder that an argument names cannot be used. */
function unusable(error: unknown): never {
  throw new UnusableError((error as Error).message);
}

/** Loads the detection, with the user's own rules and policy where given; errors in these are reported as errors of the argument. */
async function load(rules: string | undefined, policy: string | undefined): Promise<LoadedDetection> {
  try {
    const loaded = await loadDetection({ root: projectRoot, ...(rules && { rules }), ...(policy && { policy }) });
    if (rules !== undefined) requireRules(rules, loaded.pack.rules, loaded.pack.correlations);
    return loaded;
  } catch (error) {
    if (rules === undefined && policy === undefined) throw error;
    if (error instanceof LocatedError) throw new UnusableError(error.message);
    throw error;
  }
}

/** The watchlists beside the token key. One that cannot be read is an error, since its values would silently not be found. */
async function watchlistsOf(folder: string, tokenKey: Uint8Array): Promise<Watchlist[]> {
  try {
    return await readWatchlists(folder, watchKeyOf(tokenKey).keyId);
  } catch (error) {
    if (error instanceof WatchlistError) throw new UnusableError(error.message);
    throw error;
  }
}

/** What is wrong with an input; undefined when a folder merely held a file that is not a capture. Errors of the store or the rules are rethrown. */
function inputProblem(input: CaptureInput, error: unknown): UnreadableInput | undefined {
  if (error instanceof CaptureError) {
    const isNoCapture = error.code === 'not_a_capture' || error.code === 'empty';
    return input.found && isNoCapture ? undefined : { path: input.path, reason: error.message };
  }
  if ((error as NodeJS.ErrnoException).syscall !== undefined) return { path: input.path, reason: whyUnreadable(error) };
  throw error;
}

function statusOf(totals: ScanTotals, failOn: Level | undefined): number {
  if (failOn !== undefined && totals.leaks.reaches(failOn)) return exitStatus.findingAtLevel;
  return totals.unreadable.length > 0 ? exitStatus.unusable : exitStatus.ok;
}

/** Prints, and waits when the reader of a pipe is slower than the scan. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
}
