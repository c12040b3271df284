import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { publishDashboard } from '../../infra/grafana/publish.ts';
import { projectRoot } from '#runtime';
import { actionOf, parseArguments } from './arguments.ts';
import { exitStatus, UsageError, type Command } from './command.ts';

const folder = path.join(projectRoot, 'infra', 'grafana', 'dashboards');

export const dashboards: Command = {
  help: `Usage: telltale dashboards build
       telltale dashboards publish --url URL [--folder UID] [--review URL]

build     generates the dashboards' JSON from code into infra/grafana/dashboards
publish   sends that JSON to a Grafana, over its HTTP API; the token of a
          service account with the role Editor is read from GRAFANA_TOKEN

Options:
  --url URL      base URL of the Grafana, such as http://127.0.0.1:3000
  --folder UID   Grafana folder to put them in
  --review URL   base URL of the review page, for the links to it
`,
  async run(args) {
    const { values, positionals } = parseArguments({
      args,
      allowPositionals: true,
      options: { url: { type: 'string' }, folder: { type: 'string' }, review: { type: 'string' } },
    });
    switch (actionOf('dashboards', positionals.length === 0 ? undefined : positionals.join(' '), ['build', 'publish'])) {
      case 'build':
        return build();
      case 'publish':
        return publish(values);
    }
  },
};

async function build(): Promise<number> {
  // The generator's libraries are development dependencies; an image only has the generated files.
  const { buildDashboards } = await import('../../infra/grafana/dashboards.ts');
  for (const [name, text] of Object.entries(buildDashboards())) {
    await writeFile(path.join(folder, name), text);
    console.log(path.relative(process.cwd(), path.join(folder, name)));
  }
  return exitStatus.ok;
}

async function publish({ url, folder: folderUid, review }: { url?: string; folder?: string; review?: string }): Promise<number> {
  const token = process.env['GRAFANA_TOKEN'];
  if (!url) throw new UsageError('publish needs --url');
  if (!token) throw new UsageError('publish needs the token of a Grafana service account in GRAFANA_TOKEN');
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.json')).toSorted()) {
    const text = await readFile(path.join(folder, name), 'utf8');
    const place = await publishDashboard(name, text, { url, token, ...(folderUid && { folderUid }), ...(review && { reviewUrl: review }) });
    console.log(`${name} → ${place}`);
  }
  return exitStatus.ok;
}
