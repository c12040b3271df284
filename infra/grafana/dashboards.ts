import { crossBorder } from './cross-border.ts';
import { plaintextIdentifiers } from './identifiers.ts';
import { overview } from './overview.ts';
import { pipelineHealth } from './pipeline-health.ts';

/**
 * All dashboards as the text of their files, by file name. `telltale dashboards build` writes them to infra/grafana/dashboards,
 * where they are committed: a change shows as a diff, and a test checks that they are current.
 */
export function buildDashboards(): Record<string, string> {
  const dashboards = {
    'overview.json': overview(),
    'plaintext-identifiers.json': plaintextIdentifiers(),
    'cross-border.json': crossBorder(),
    'pipeline-health.json': pipelineHealth(),
  };
  return Object.fromEntries(Object.entries(dashboards).map(([file, dashboard]) => [file, `${JSON.stringify(dashboard, null, 2)}\n`]));
}
