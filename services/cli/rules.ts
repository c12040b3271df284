import { exitStatus, parseArguments, UsageError, type Command } from './command.ts';
import { projectRoot } from '#runtime';
import { readRuleNames, type RuleNames } from '../detector/packs.ts';
import { explainRules, type PolicyFiles } from './rules-explain.ts';
import { lintRules, listRules, testRules } from './rules-folder.ts';

const help = `Usage: telltale rules lint [DIR|FILE…]
       telltale rules test [DIR]
       telltale rules list [DIR] [--format table|ndjson]
       telltale rules explain FILE [--rules DIR] [--rule ID|TITLE]

lint      checks rules, correlations, filters, placeholders and exceptions; prints
          file:line:column severity message, one line per problem
test      runs the fixtures of every rule (<rule>.fixtures.yml beside it)
list      lists the rules: level, id, title, log source, and whether flow records can answer them
explain   says for each rule why the records of FILE match, or which search does not hold. FILE is a capture
          (pcap, pcapng), or flow records as JSON (.json, .ndjson), taken as they are

Without DIR they are about the pack that ships.

Options:
  --format table|ndjson   table for people (default), or one JSON object per line
  --rules DIR             rules to explain, instead of the pack that ships
  --rule ID|TITLE         explain this rule alone, for each record

Exit status: 0 nothing wrong, 1 lint found an error or a fixture failed, 2 unusable arguments.
`;

export const rules: Command = {
  help,
  async run(args) {
    const { values, positionals: [action, ...paths] } = parseArguments({
      args,
      allowPositionals: true,
      options: { format: { type: 'string', default: 'table' }, rules: { type: 'string' }, rule: { type: 'string' }, policy: { type: 'string' }, jurisdictions: { type: 'string' } },
    });
    const single = (): string | undefined => {
      if (paths.length > 1) throw new UsageError(`rules ${action} takes one folder`);
      return paths[0];
    };
    const files: PolicyFiles = { ...(values.policy !== undefined && { policy: values.policy }), ...(values.jurisdictions !== undefined && { jurisdictions: values.jurisdictions }) };
    const names = (): Promise<RuleNames> => readRuleNames({ root: projectRoot, ...files });
    switch (action) {
      case 'lint': return lintRules(paths, await names());
      case 'test': return testRules(await names(), single());
      case 'list': return listRules(await names(), single(), values.format);
      case 'explain': {
        const file = single();
        if (file === undefined) throw new UsageError('rules explain needs a FILE');
        await explainRules(file, values.rules, values.rule, files);
        return exitStatus.ok;
      }
      default: throw new UsageError('rules needs one of lint, test, list, explain');
    }
  },
};
