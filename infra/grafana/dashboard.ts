import {
  DashboardCursorSync,
  DashboardLinkType,
  defaultTimePickerConfig,
  type Dashboard,
  type DashboardLink,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import dashGen from 'grafana-dash-gen';
import { placePanels, type GeneratedRow } from './layout.ts';
import type { GeneratedPanel } from './panels.ts';
import { dataSourceVariable, reviewVariable } from './variables.ts';

export interface Row {
  /** Header above the panels; none where they need none. */
  title?: string;
  panels: readonly GeneratedPanel[];
}

export interface Description {
  uid: string;
  title: string;
  description: string;
  /** Variables in addition to the data source. */
  variables: readonly VariableModel[];
  rows: readonly Row[];
}

const otherDashboards: DashboardLink = {
  title: 'Telltale',
  type: DashboardLinkType.Dashboards,
  icon: 'dashboard',
  tooltip: '',
  tags: ['telltale'],
  asDropdown: false,
  targetBlank: false,
  includeVars: true,
  keepTime: true,
};

const reviewPage: DashboardLink = {
  title: 'Review',
  type: DashboardLinkType.Link,
  icon: 'external link',
  tooltip: 'Findings one by one, with the flow behind each',
  url: '${review}/',
  tags: [],
  asDropdown: false,
  targetBlank: true,
  includeVars: false,
  keepTime: false,
};

/** The licence of the location table (CC BY 4.0) asks for it on every page that shows its answers. */
const attribution: DashboardLink = {
  title: 'IP Geolocation by DB-IP',
  type: DashboardLinkType.Link,
  icon: 'external link',
  tooltip: '',
  url: 'https://db-ip.com/',
  tags: [],
  asDropdown: false,
  targetBlank: true,
  includeVars: false,
  keepTime: false,
};

type DashGenPanel = Parameters<InstanceType<typeof dashGen.Row>['addPanel']>[0];
type DashGenTemplate = Parameters<InstanceType<typeof dashGen.Dashboard>['addTemplate']>[0];

/**
 * A dashboard as Grafana loads it. grafana-dash-gen assembles rows, panels and variables, and requires only that each can `generate()`;
 * what Grafana has changed since the schema it knows (placed panels, uid, links) is added here.
 */
export function buildDashboard({ uid, title, description, variables, rows }: Description): Dashboard {
  const dashboard = new dashGen.Dashboard({
    title,
    tags: ['telltale'],
    timezone: 'browser',
    refresh: '1m',
    schemaVersion: 42,
    time: { from: 'now-24h', to: 'now' },
  });
  for (const variable of [dataSourceVariable, ...variables, reviewVariable]) {
    dashboard.addTemplate({ generate: () => variable } as unknown as DashGenTemplate);
  }
  for (const { title: header, panels } of rows) {
    const row = new dashGen.Row({ title: header ?? '', showTitle: header !== undefined });
    for (const panel of panels) row.addPanel(panel as unknown as DashGenPanel);
    dashboard.addRow(row);
  }

  const generated = dashboard.generate();
  return {
    uid,
    title: generated.title,
    description,
    tags: generated.tags as string[],
    timezone: generated.timezone,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    fiscalYearStartMonth: 0,
    schemaVersion: generated.schemaVersion,
    refresh: String(generated.refresh),
    time: generated.time ?? { from: 'now-24h', to: 'now' },
    timepicker: defaultTimePickerConfig(),
    links: [otherDashboards, reviewPage, attribution],
    annotations: { list: [] },
    templating: { list: generated.templating.list as unknown as VariableModel[] },
    panels: placePanels(generated.rows as GeneratedRow[]),
  };
}
