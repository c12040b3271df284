import { z } from 'zod';
import { findingSortings, type FindingFilter, type Page } from '#store';

const pageSize = 100;

/** One value or several: `level=high&level=critical`. */
const list = z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(z.string().max(300)).max(100)).optional();
const text = z.string().max(300).optional();
/** ISO 8601 with a zone, to microseconds since 1970. */
const time = z.iso.datetime({ offset: true })
  .transform((value) => Date.parse(value) * 1000)
  .refine(Number.isSafeInteger, 'must be a time between the years 1684 and 2255')
  .optional();

const filterShape = {
  level: list, verdict: list, kind: list, country: list, service: list, rule: list,
  subject: text, token: text, flow: text, text, from: time, to: time,
};
const pageShape = {
  sort: z.enum(findingSortings).default('time'),
  order: z.enum(['asc', 'desc']).default('desc'),
  page: z.coerce.number().int().min(1).max(10_000).default(1),
};

const filterQuery = z.strictObject(filterShape);
const findingsQuery = z.strictObject({ ...filterShape, ...pageShape });

/** Thrown for an invalid query string; the message names the parameter. */
export class BadQuery extends Error {
  override readonly name = 'BadQuery';
}

/** The filter in a parsed query string. Throws {@link BadQuery}. */
export function parseFilter(query: unknown): FindingFilter {
  return withoutAbsent(parse(filterQuery, query));
}

/** Filter and page in a parsed query string. Throws {@link BadQuery}. */
export function parseFindingsQuery(query: unknown): { filter: FindingFilter; page: Page } {
  const { sort, order, page, ...filter } = parse(findingsQuery, query);
  return { filter: withoutAbsent(filter), page: { sort, descending: order === 'desc', offset: (page - 1) * pageSize, limit: pageSize } };
}

function parse<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw new BadQuery(parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; '));
}

/** An empty text field is no condition. */
function withoutAbsent(filter: { [Name in keyof FindingFilter]?: FindingFilter[Name] | undefined }): FindingFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== '')) as FindingFilter;
}
