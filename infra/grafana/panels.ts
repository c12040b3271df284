import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  FrameGeometrySourceMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  MapCenterID,
  MapViewConfigBuilder,
  PanelBuilder as Geomap,
  TooltipMode,
  TooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/geomap';
import { PanelBuilder as NodeGraph } from '@grafana/grafana-foundation-sdk/nodegraph';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { ClickHouseTarget, clickhouse, type QueryType } from './datasource.ts';

/** What every panel has. The title is the question that the panel answers; the description says how it is counted. */
export interface Question {
  title: string;
  description: string;
  sql: string;
  /** In columns of Grafana's grid, which has 24. */
  width: number;
  /** In units of 30 pixels. */
  height: number;
  /** Unit by Grafana's id, such as `bytes`, `s`, `percentunit`. */
  unit?: string;
}

/** Settings of a column or series, by its name. */
export type Overrides = Readonly<Record<string, readonly DynamicConfigValue[]>>;

/** A panel that grafana-dash-gen's rows take: panel types that it lacks are built by the Grafana Foundation SDK. */
export interface GeneratedPanel {
  generate(): Panel;
}

/** The builders of all panel types share these methods; the SDK has no common type for them. */
interface PanelBuilder extends Builder<Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof clickhouse): this;
  gridPos(place: { x: number; y: number; w: number; h: number }): this;
  unit(unit: string): this;
  noValue(text: string): this;
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
}

function panel(builder: PanelBuilder, question: Question, queryType: QueryType, overrides: Overrides = {}): GeneratedPanel {
  builder
    .title(question.title)
    .description(question.description)
    .datasource(clickhouse)
    .gridPos({ x: 0, y: 0, w: question.width, h: question.height })
    .noValue('none in this time range');
  if (question.unit) builder.unit(question.unit);
  for (const [name, properties] of Object.entries(overrides)) builder.overrideByName(name, [...properties]);
  return { generate: () => ({ ...builder.build(), targets: [new ClickHouseTarget(question.sql, queryType).generate() as never] }) };
}

/** Colours from the value at which they begin: `[[0, 'green'], [1, 'red']]`. */
export type Thresholds = readonly (readonly [from: number, colour: string])[];

function thresholds(steps: Thresholds): ThresholdsConfigBuilder {
  // The first colour has no lower bound: Grafana writes that as null.
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color], index) => ({ value: index === 0 ? null : value, color })));
}

/** One number. */
export function stat(question: Question & { thresholds?: Thresholds }): GeneratedPanel {
  const builder = new Stat()
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(question.thresholds ?? [[0, 'text']]));
  return panel(builder, question, 'table');
}

/** Series over time: stacked bars for counts, lines for everything else. */
export function timeSeries(
  question: Question & { style: 'bars' | 'lines' | 'shares'; overrides?: Overrides; seriesName?: string },
): GeneratedPanel {
  const builder = new TimeSeries()
    .legend(new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).calcs([]))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .showPoints(VisibilityMode.Auto)
    .axisSoftMin(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic));
  if (question.seriesName) builder.displayName(question.seriesName);
  if (question.style === 'lines') builder.drawStyle(GraphDrawStyle.Line).lineWidth(2).fillOpacity(0).spanNulls(false);
  else
    builder
      .drawStyle(GraphDrawStyle.Bars)
      .lineWidth(0)
      .fillOpacity(80)
      .stacking(new StackingConfigBuilder().group('A').mode(question.style === 'shares' ? StackingMode.Percent : StackingMode.Normal));
  return panel(builder, question, 'timeseries', question.overrides);
}

/** A table, one thing per row. */
export function table(question: Question & { columns?: Overrides }): GeneratedPanel {
  return panel(new Table().showHeader(true).filterable(true), question, 'table', question.columns);
}

/** One bar per row, longest first; the first column names the bar. */
export function bars(question: Question & { colour: string }): GeneratedPanel {
  const builder = new BarGauge()
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .showUnfilled(false)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs(['lastNotNull']).fields('').limit(15))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor(question.colour))
    .min(0);
  return panel(builder, question, 'table');
}

/**
 * Circles on the countries named by column `country`, as large as `size` and coloured by the thresholds of `colour`.
 *
 * Outlines and places of countries come with Grafana. No map tiles: they would reveal to their server that somebody looks, and stay blank
 * without internet access, so the base layer is one transparent pixel.
 */
export function worldMap(
  question: Question & {
    size: string;
    colour: string;
    thresholds: Thresholds;
    overrides?: Overrides;
    /** By the columns `latitude` and `longitude`, with the column `label` beside each marker; else by the code in `country`. */
    at?: 'coordinates';
    label?: string;
  },
): GeneratedPanel {
  const layer = (options: object) => ({ build: () => options as never });
  const builder = new Geomap()
    .view(new MapViewConfigBuilder().id(MapCenterID.Coords).lat(25).lon(10).zoom(1.7))
    .basemap(
      layer({
        type: 'xyz',
        name: 'none',
        config: { url: 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', attribution: '' },
      }),
    )
    .layers([
      layer({
        type: 'geojson',
        name: 'countries',
        tooltip: false,
        config: { style: { color: { fixed: 'rgba(128, 128, 128, 0.35)' }, opacity: 0.35, lineWidth: 1 } },
      }),
      layer({
        type: 'markers',
        name: question.size,
        tooltip: true,
        location:
          question.at === 'coordinates'
            ? { mode: FrameGeometrySourceMode.Coords, latitude: 'latitude', longitude: 'longitude' }
            : { mode: FrameGeometrySourceMode.Lookup, lookup: 'country' },
        config: {
          showLegend: false,
          style: {
            size: { field: question.size, fixed: 6, min: 5, max: 24 },
            color: { field: question.colour, fixed: 'blue' },
            opacity: 0.75,
            symbol: { mode: 'fixed', fixed: 'img/icons/marker/circle.svg' },
            text: { mode: 'field', field: question.label ?? 'country', fixed: '' },
            textConfig: { fontSize: 11, textAlign: 'center', textBaseline: 'middle', offsetX: 0, offsetY: 0 },
          },
        },
      }),
    ])
    .tooltip(new TooltipOptionsBuilder().mode(TooltipMode.Details))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(question.thresholds));
  return panel(builder, question, 'table', question.overrides);
}

/**
 * Places as nodes, and the traffic between them as edges. The query has a row per edge: `id`, `source`, `target`, `mainstat`,
 * `secondarystat`; the panel makes the nodes of them (https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/node-graph/).
 */
export function nodeGraph(question: Question & { overrides?: Overrides }): GeneratedPanel {
  return panel(new NodeGraph(), question, 'table', question.overrides);
}
