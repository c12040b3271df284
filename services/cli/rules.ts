import { actionOf, parseArguments, refuseIdle } from './arguments.ts';
import { exitStatus, UsageError, type Command } from './command.ts';
import { projectRoot } from '#runtime';
import { readRuleNames, type RuleNames } from '../detector/packs.ts';
import { shippedRules } from '../detector/rule-folder.ts';
import { defaultDataFolder } from '../standalone/data-folder.ts';
import { explainRules, type PolicyFiles } from './rules-explain.ts';
import { lintRules, listRules, testRules } from './rules-folder.ts';
import { backtestRules, convertRules, timeOf, type SqlOptions } from './rules-sql.ts';

const help = `Usage: telltale rules lint [DIR|FILE…]
       telltale rules test [DIR]
       telltale rules test [DIR|FILE] --backtest FROM TO [--rule ID|TITLE]
                           [--data DIR | --clickhouse URL]
       telltale rules list [DIR] [--format table|ndjson]
       telltale rules explain FILE [--rules DIR] [--rule ID|TITLE] [--all]
       telltale rules convert [DIR|FILE] [--rule ID|TITLE]

lint      checks rules, correlations, filters, placeholders and exceptions;
          prints file:line:column severity message, one line per problem
test      runs the fixtures of every rule (<rule>.fixtures.yml beside it). With
          --backtest FROM TO: says what rules would have found in the flows
          stored between two days or times in UTC (2026-08-01,
          2026-08-01T12:00:00Z; TO is not included): how much by hour and by
          subject, and samples
list      lists the rules: level, id, title, log source, and whether flow
          records can answer them
explain   says for each rule how many records of FILE match, how many do not for
          which reason, and shows one that matches or comes closest, with --rule
          a few, with --all each. FILE is a capture (pcap, pcapng), or flow
          records as JSON (.json, .ndjson), taken as they are
convert   prints rules as SQL for ClickHouse over the stored flows, with what
          SQL cannot say; correlations over the flows of the last day

Without DIR they are about the pack that ships.

Options:
  --format table|ndjson   table for people (default), or one JSON object per
                          line
  --rules DIR             explain: rules to explain, instead of the pack that
                          ships
  --rule ID|TITLE         explain, convert or backtest this rule alone
  --all                   explain every record
  --policy FILE|DIR       policies that |policy may name, instead of those that
                          ship
  --jurisdictions FILE    named sets of countries beside those that ship
  --data DIR              backtest over the embedded ClickHouse of this folder
  --clickhouse URL        backtest over a server; default CLICKHOUSE_URL,
                          without it the embedded ClickHouse

Exit status: 0 nothing wrong, 1 lint found an error or a fixture failed, 2
unusable arguments.
`;

const options = {
  format: { type: 'string' },
  rules: { type: 'string' },
  rule: { type: 'string' },
  policy: { type: 'string' },
  jurisdictions: { type: 'string' },
  backtest: { type: 'string' },
  all: { type: 'boolean' },
  data: { type: 'string' },
  clickhouse: { type: 'string' },
} as const;

/** The actions that take an option; `policy` and `jurisdictions` go with all. */
const takers = {
  format: ['list'], rules: ['explain'], rule: ['explain', 'convert', 'test --backtest'], backtest: ['test'], all: ['explain'],
  data: ['test --backtest'], clickhouse: ['test --backtest'],
};

const day = 86_400_000_000;

export const rules: Command = {
  help,
  async run(args) {
    const { values, positionals: [word, ...paths] } = parseArguments({ args, allowPositionals: true, options });
    const action = actionOf('rules', word, ['lint', 'test', 'list', 'explain', 'convert']);
    const single = (): string | undefined => {
      if (paths.length > 1) throw new UsageError(`rules ${action} takes one folder`);
      return paths[0];
    };
    const files: PolicyFiles = {
      ...(values.policy !== undefined && { policy: values.policy }),
      ...(values.jurisdictions !== undefined && { jurisdictions: values.jurisdictions }),
    };
    const names = (): Promise<RuleNames> => readRuleNames({ root: projectRoot, ...files });
    const asSql = async (folder = shippedRules(projectRoot)): Promise<SqlOptions> => ({ folder, names: await names(), only: values.rule });
    if (values.rules !== undefined && action !== 'explain') throw new UsageError(`only explain takes --rules; use telltale rules ${action} DIR`);
    const { backtest, ...others } = values;
    if (action !== 'test' || backtest === undefined) refuseIdle('rules', action, { ...others, backtest }, takers);
    else refuseIdle('rules', 'test --backtest', others, takers);
    switch (action) {
      case 'lint': return lintRules(paths, await names());
      case 'test': {
        if (values.backtest === undefined) return testRules(await names(), single());
        // parseArgs returns the second value of --backtest as a separate positional.
        const from = timeOf(values.backtest);
        const until = paths.find((word) => /^\d{4}-\d\d-\d\d/.test(word));
        if (until === undefined) throw new UsageError('--backtest takes two times, FROM and TO, such as 2026-08-01 2026-08-08');
        const range = { from, to: timeOf(until) };
        if (range.to <= range.from) throw new UsageError(`--backtest ${values.backtest} ${until}: TO must be later than FROM`);
        const [folder, another] = paths.filter((word) => word !== until);
        if (another !== undefined) throw new UsageError('rules test takes one folder');
        const url = values.clickhouse ?? (values.data === undefined ? process.env['CLICKHOUSE_URL'] : undefined);
        if (url && !/^https?:\/\/[^/]/.test(url)) throw new UsageError(`${values.clickhouse ? '--clickhouse' : 'CLICKHOUSE_URL'}: expected a URL such as http://127.0.0.1:8123`);
        return backtestRules(await asSql(folder), range, url ? { url } : { data: values.data ?? defaultDataFolder });
      }
      case 'list': return listRules(await names(), single(), values.format);
      case 'explain': {
        const file = single();
        if (file === undefined) throw new UsageError('rules explain needs a FILE');
        await explainRules(file, { folder: values.rules, only: values.rule, all: values.all ?? false }, files);
        return exitStatus.ok;
      }
      case 'convert': {
        const now = Date.now() * 1000;
        return convertRules(await asSql(single()), { from: now - day, to: now });
      }
    }
  },
};
