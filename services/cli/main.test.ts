import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { CaptureBuilder, httpRequest } from '#capture';
import { projectRoot } from '#runtime';
import { openStore } from '#store';
import { demonstrationCapture } from '../probe/demonstration.ts';
import { dataFolder } from '../standalone/data-folder.ts';

const main = path.join(projectRoot, 'dist', 'services', 'cli', 'main.js');
const start = 1_775_217_600_000_000;
const capture = demonstrationCapture(start);
/** Number of findings in the demonstration; its own test specifies them. */
const findings = 14;
const rawValues = ['1840273651', 'M5kqPz7XvQ2d', '6D92078A-8246-4BA4-AE5B-76104861E7DC'];

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line as a separate process, with pipes for its streams. */
function telltale(args: readonly string[], input?: Buffer): Promise<Result> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'telltale-cli-'));
  await mkdir(path.join(folder, 'many', 'below'), { recursive: true });
  await Promise.all([
    writeFile(file('demo.pcap'), capture),
    writeFile(file('demo.pcap.gz'), gzipSync(capture)),
    writeFile(file('demo.pcap.zst'), zstdCompressSync(capture)),
    writeFile(file('cut.pcap'), capture.subarray(0, 5000)),
    writeFile(file('cut.pcap.gz'), gzipSync(capture).subarray(0, 3000)),
    writeFile(file('notes.txt'), 'no capture\n'),
    writeFile(file('empty.pcap'), ''),
    writeFile(file('many/a.pcap'), capture),
    writeFile(file('many/below/b.pcap'), demonstrationCapture(start + 3_600_000_000)),
    writeFile(file('many/notes.txt'), 'no capture\n'),
  ]);
});
after(() => rm(folder, { recursive: true }));

function file(name: string): string {
  return path.join(folder, name);
}

function lines(text: string): Record<string, unknown>[] {
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A line with the default data folder is as long as that folder's name makes it. */
function tooWide(help: string): string[] {
  return help.split('\n').filter((line) => line.length > 80 && !line.includes('/.telltale'));
}

test('scanning a folder without a capture or log fails, so that a script does not take it for clean', async () => {
  await mkdir(file('nothing'), { recursive: true });
  const empty = await telltale(['scan', '--data', file('store-of-nothing'), 'nothing', '--fail-on', 'high']);
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /^nothing: the folder holds nothing that can be scanned/);
  await writeFile(file('nothing/readme.txt'), 'hello');
  assert.equal((await telltale(['scan', 'nothing'])).status, 2);
});

describe('help and usage', { concurrency: true }, () => {
  test('each command has help, on standard output, for a terminal of 80 columns', async () => {
    const overview = await telltale(['--help']);
    assert.equal(overview.status, 0);
    assert.deepEqual(tooWide(overview.stdout), []);
    const names = [...overview.stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map((match) => match[1]!);
    for (const name of ['scan', 'up', 'probe', 'detector', 'alerter', 'migrate', 'dashboards']) assert.ok(names.includes(name), name);
    await Promise.all(names.map(async (name) => {
      const { status, stdout, stderr } = await telltale([name, '--help']);
      assert.equal(status, 0, name);
      assert.match(stdout, new RegExp(`^Usage: telltale ${name}\\b`));
      assert.deepEqual(tooWide(stdout), [], name);
      assert.equal(stderr, '');
    }));
  });

  test('without a command, or with one that there is not, the overview goes to somebody who can read it, and the status is 2', async () => {
    const none = await telltale([]);
    assert.equal(none.status, 2);
    const unknown = await telltale(['scna', 'demo.pcap']);
    assert.equal(unknown.status, 2);
    assert.equal(unknown.stdout, '');
    assert.equal(unknown.stderr, 'telltale: there is no command "scna": did you mean scan?\nSee telltale --help.\n');
    assert.match((await telltale(['paint'])).stderr, /^telltale: there is no command "paint"\n\n[^]*Commands:/);
  });

  test('--version names Telltale\'s and that of Node', async () => {
    const { status, stdout } = await telltale(['--version']);
    assert.equal(status, 0);
    assert.match(stdout, /^telltale \d+\.\d+\.\d+ \(Node v\d+\.\d+\.\d+\)\n$/);
  });

  for (const [args, message] of [
    [['scan'], /scan needs at least one FILE, DIR or -/],
    [['scan', 'demo.pcap', '--bogus'], /Unknown option '--bogus'\nSee/],
    [['scan', 'demo.pcap', '--forma', 'ndjson'], /Unknown option '--forma': did you mean --format\?/],
    [['scan', 'demo.pcap', '--fail-on', 'hihg'], /--fail-on hihg: did you mean high\?/],
    [['rules', 'tset'], /rules has no action "tset": did you mean test\?/],
    [['rules', 'list', '--backtest', '2026-01-01'], /rules list takes no --backtest: only test does/],
    [['rules', 'test', '--data', 'x'], /rules test takes no --data: only test --backtest does/],
    [['policy'], /policy needs an action: lint, test, explain or token/],
    [['policy', 'lint', '--to', '1.2.3.4'], /policy lint takes no --to: only explain does/],
    [['watchlist', 'lst'], /watchlist has no action "lst": did you mean list\?/],
    [['watchlist', 'list', 'board'], /watchlist list takes no NAME/],
    [['scan', 'demo.pcap', '--format', 'xml'], /--format xml: expected one of table, ndjson/],
    [['scan', 'demo.pcap', '--fail-on', 'severe'], /--fail-on severe: expected one of informational, low, medium, high, critical/],
    [['probe'], /probe needs at least one FILE, DIR or -/],
    [['detector', 'extra'], /Unexpected argument 'extra'/],
    [['dashboards', 'paint'], /dashboards has no action "paint": expected build or publish/],
  ] as const) {
    test(`${args.join(' ')}: status 2, a sentence and where to read on`, async () => {
      const { status, stdout, stderr } = await telltale(args);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.match(stderr, new RegExp(`See telltale ${args[0]} --help\\.`));
    });
  }
});

describe('scan', () => {
  test('ndjson: results on standard output and nothing else there; the summary on standard error', async () => {
    const { status, stdout, stderr } = await telltale(['scan', 'demo.pcap', '--format', 'ndjson']);
    assert.equal(status, 0);
    assert.equal(lines(stdout).length, findings);
    assert.match(stderr, /^1 input read: \d+ packets, \d+ flow records\.\n14 findings \(9 high, 4 medium, 1 low\):/);
  });

  test('table: a line per finding under a header', async () => {
    const { status, stdout } = await telltale(['scan', 'demo.pcap', '--format', 'table']);
    assert.equal(status, 0);
    const rows = stdout.trimEnd().split('\n');
    assert.match(rows[0]!, /^TIME \(UTC\) +LEVEL +RULE +FROM +TO +COUNTRY +WHAT +EVIDENCE$/);
    assert.equal(rows.length, 1 + findings);
    const ofUser = rows.find((row) => row.includes(' User or room id in clear at a communication service '));
    assert.match(ofUser!, /10\.20\.0\.11 +qos-america\.agoralab\.co \(106\.14\.12\.130:8000\) +CN +user_id 1\*+1 at udp\.payload@21 +demo\.pcap#3$/);
  });

  test('standard input, gzip and zstd give what the file gives', async () => {
    const told = (result: Result) => lines(result.stdout).map((line) => ({ ...line, 'event.created': '', 'telltale.evidence.file': '' }));
    const [plain, stdin, gzip, zstd, packed] = await Promise.all([
      telltale(['scan', 'demo.pcap']), telltale(['scan', '-'], capture), telltale(['scan', 'demo.pcap.gz']), telltale(['scan', 'demo.pcap.zst']),
      telltale(['scan', '-'], gzipSync(capture)),
    ]);
    assert.equal(told(plain).length, findings);
    for (const other of [stdin, gzip, zstd, packed]) {
      assert.equal(other.status, 0, other.stderr);
      assert.deepEqual(told(other), told(plain));
    }
    assert.equal(lines(stdin.stdout)[0]!['telltale.evidence.file'], 'stdin');
  });

  test('a folder is read with those below it; what is no capture in it is counted, not complained about', async () => {
    const { status, stdout, stderr } = await telltale(['scan', 'many']);
    assert.equal(status, 0);
    assert.deepEqual([...new Set(lines(stdout).map((line) => line['telltale.evidence.file']))], ['a.pcap', 'b.pcap']);
    assert.match(stderr, /^2 inputs read: .*, 1 file without a capture or log skipped\./);
  });

  test('unreadable input: status 2, each named with a reason, and the rest is still scanned', async () => {
    const { status, stdout, stderr } = await telltale(['scan', 'missing.pcap', 'notes.txt', 'empty.pcap', 'cut.pcap.gz', 'demo.pcap']);
    assert.equal(status, 2);
    assert.ok(lines(stdout).filter((line) => line['telltale.evidence.file'] === 'demo.pcap').length >= findings);
    assert.match(stderr, /^missing\.pcap: there is no such file or folder$/m);
    assert.match(stderr, /^notes\.txt: the input is neither a capture \(pcap or pcapng\)/m);
    assert.match(stderr, /^empty\.pcap: the input is empty$/m);
    assert.match(stderr, /^cut\.pcap\.gz: .*cannot be unpacked any further: unexpected end of file \(at byte \d+\)$/m);
  });

  test('a cut capture: what stands before the cut is scanned, and the cut is said', async () => {
    const { status, stdout, stderr } = await telltale(['scan', 'cut.pcap']);
    assert.equal(status, 2);
    assert.ok(lines(stdout).some((line) => line['telltale.observable.kind'] === 'room_id'));
    assert.match(stderr, /^cut\.pcap: it could not be read to its end: the capture ends inside a record \(at byte \d+\)$/m);
  });

  test('--fail-on: status 3 from the level on, also when something was unreadable; below it 0', async () => {
    const [high, critical, both] = await Promise.all([
      telltale(['scan', 'demo.pcap', '--fail-on', 'high']), telltale(['scan', 'demo.pcap', '--fail-on', 'critical']),
      telltale(['scan', 'missing.pcap', 'demo.pcap', '--fail-on', 'low']),
    ]);
    assert.deepEqual([high.status, critical.status, both.status], [3, 0, 3]);
  });

  test('--reveal prints values; without it they are nowhere', async () => {
    for (const format of ['table', 'ndjson']) {
      const [masked, revealed] = await Promise.all([
        telltale(['scan', 'demo.pcap', '--format', format]),
        telltale(['scan', 'demo.pcap', '--format', format, '--reveal']),
      ]);
      for (const value of rawValues) {
        assert.ok(!masked.stdout.includes(value) && !masked.stderr.includes(value), `${value} in ${format}`);
        assert.ok(revealed.stdout.includes(value), `${value} not in ${format}`);
        assert.ok(!revealed.stderr.includes(value), 'the summary is often kept in a log');
      }
    }
    const revealed = lines((await telltale(['scan', 'demo.pcap', '--reveal'])).stdout);
    assert.ok(revealed.every((line) => (line['telltale.evidence.value'] !== undefined) === (line['telltale.observable.kind'] !== undefined)));
  });

  test('--data stores, a second scan changes no count, and no value is stored', async () => {
    const data = file('data');
    const count = async (): Promise<Record<string, number>> => {
      await using store = await openStore({ path: dataFolder(data).clickhouse });
      const [row] = await store.query<Record<string, number>>(
        'SELECT (SELECT count() FROM flows FINAL) AS flows, (SELECT count() FROM findings FINAL) AS findings',
      );
      return Object.fromEntries(Object.entries(row!).map(([name, value]) => [name, Number(value)]));
    };
    assert.equal((await telltale(['scan', 'demo.pcap', '--data', data, '--reveal'])).status, 0);
    const first = await count();
    assert.equal(first['findings'], findings);
    assert.ok(first['flows']! > findings);
    assert.equal((await telltale(['scan', 'demo.pcap', 'demo.pcap.gz', '--data', data])).status, 0);
    assert.deepEqual(await count(), first);
    for (const value of rawValues) {
      const { status } = spawnSync('grep', ['-rqaF', value, data]);
      assert.equal(status, 1, `${value} stands in the data folder`);
    }
  });

  test('a data folder that cannot be made: status 2 at once, with the folder and what to do', async () => {
    const [file, below] = await Promise.all([
      telltale(['scan', 'demo.pcap', '--data', 'notes.txt']), telltale(['scan', 'demo.pcap', '--data', 'notes.txt/below']),
    ]);
    for (const { status, stdout } of [file, below]) assert.deepEqual([status, stdout], [2, '']);
    assert.match(file.stderr, /the folder notes\.txt cannot be made: a file stands where a folder is needed\. Choose another data folder \(--data/);
    assert.match(below.stderr, /the folder notes\.txt\/below cannot be made/);
  });

  test('a broken rule, policy or folder of rules: status 2, with file, line and column', async () => {
    await mkdir(file('rules'));
    await writeFile(
      file('rules/broken.yml'),
      'title: Broken\nid: 7a1e8f52-3b0c-4c2f-9a55-0d7e4f1a2b3c\nlogsource:\n  product: telltale\ndetection:\n  some:\n'
        + '    source.ip|bogus: 1\n  condition: some\nlevel: low\n',
    );
    await writeFile(file('policy.yml'), "id: mine\nversion: '1'\nlevle: high\n");
    const [rule, policy, missing] = await Promise.all([
      telltale(['scan', 'demo.pcap', '--rules', 'rules']),
      telltale(['scan', 'demo.pcap', '--policy', 'policy.yml']),
      telltale(['scan', 'demo.pcap', '--rules', 'nowhere']),
    ]);
    assert.deepEqual([rule.status, policy.status, missing.status], [2, 2, 2]);
    assert.match(rule.stderr, /^telltale scan: broken\.yml:7:5: error: the modifier "\|bogus" is unknown/);
    assert.match(policy.stderr, /policy\.yml:3:1: error: the key "levle" is unknown: expected one of id, version, /);
    assert.match(missing.stderr, /there is no folder nowhere/);
    for (const { stdout } of [rule, policy, missing]) assert.equal(stdout, '');
  });

  test('a folder without a rule or a policy is refused: nothing would be looked for', async () => {
    await mkdir(file('none'));
    const [rules, policy, lint] = await Promise.all([
      telltale(['scan', 'demo.pcap', '--rules', 'none']), telltale(['scan', 'demo.pcap', '--policy', 'none']), telltale(['rules', 'lint', 'none']),
    ]);
    assert.deepEqual([rules.status, policy.status, lint.status], [2, 2, 2]);
    for (const { stderr } of [rules, lint]) assert.match(stderr, /: none: it contains no rule/);
    assert.match(policy.stderr, /^telltale scan: none: the folder holds no policy/);
  });

  test('the summary of a log counts its entries, and no packets', async () => {
    await writeFile(file('flow.log'), `${[
      'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status',
      '2 123456789012 eni-1 10.0.0.5 192.0.2.7 50000 443 6 10 1000 1775217600 1775217660 ACCEPT OK',
    ].join('\n')}\n`);
    assert.match((await telltale(['scan', 'flow.log'])).stderr, /^1 input read: 1 entry of logs and flow exports, 1 flow record\.\nNo findings\.$/m);
  });

  test('Ctrl-C while it reads: what was found until then is told, and the status is 130', async () => {
    const child = spawn(process.execPath, [main, 'scan', '-', '--format', 'table'], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    // Its source goes on, as that of a live capture. The second part is taken only when the first has been.
    const filled = Buffer.concat([capture, ...Array.from({ length: 40 }, () => capture.subarray(24))]);
    await new Promise((resolve) => child.stdin.write(filled, resolve));
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(status, 130);
    assert.match(stdout, /^TIME \(UTC\)[^]*qos-america\.agoralab\.co/);
    assert.match(stderr, /\d+ findings \([^]*\nStopped with 0 of 1 inputs read to the end\.\n$/);
  });

  test('standard output that cannot be written: status 1 and a sentence', { skip: process.platform !== 'linux' }, async () => {
    const child = spawn('/bin/sh', ['-c', `"$0" "$@" > /dev/full`, process.execPath, main, 'rules', 'list'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 1);
    assert.equal(stderr, 'telltale: standard output cannot be written: ENOSPC: no space left on device, write\n');
  });

  test('whoever reads may stop early: no complaint, no lost status', async () => {
    const child = spawn(process.execPath, [main, 'scan', ...Array.from({ length: 40 }, () => 'demo.pcap')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.stdout.once('data', () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(status, 0);
    assert.doesNotMatch(stderr, /EPIPE|Error/);
  });

  test('control characters of a capture, its name or a value never reach the terminal', async () => {
    const builder = new CaptureBuilder();
    builder
      .tcp({ client: { ip: '10.20.0.11', port: 50_000 }, server: { ip: '93.184.215.14', port: 80 }, at: start })
      .handshake()
      .send(
        httpRequest('GET', '/?a%1b%5d0;x%07_user_id=1840273651&%c2%9b31m_user_id=1840991207&password=ab%1b%5b31mcd%c2%9bx%e2%80%aez1', {
          Host: 'h.example.org',
        }),
      )
      .close();
    const name = 'evil\u001b[2J\u009b31m.pcap';
    await writeFile(file(name), builder.pcap());
    for (const args of [['--format', 'table', '--reveal'], ['--format', 'ndjson', '--reveal'], ['--format', 'table']]) {
      const { status, stdout, stderr } = await telltale(['scan', name, `missing-${name}`, ...args]);
      assert.equal(status, 2);
      assert.match(stdout, /user_id/);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
    const values = lines((await telltale(['scan', name, '--reveal'])).stdout).map((line) => line['telltale.evidence.value']);
    assert.ok(values.includes('ab\u001b[31mcd\u009bx\u202ez1'), 'in JSON they are escaped, not lost');
  });
});
