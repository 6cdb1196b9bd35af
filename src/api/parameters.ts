/** Reads and checks the query parameters of API requests. */
import * as v from 'valibot';
import { addDays, isDay, localDay } from '../model/time-zone.ts';
import { outOfBounds } from '../query/bounds.ts';
import { Problem } from './problem.ts';

/** A schema of query parameters, each by its name. A parameter that it does not name is rejected. */
export type ParameterSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

export const Day = v.pipe(
  v.string(),
  v.isoDate('Send a date in the form YYYY-MM-DD.'),
  v.check(isDay, 'This date does not exist. Send a date in the form YYYY-MM-DD.'),
);

/**
 * The range of days that a request selects. By default it ends today, in the pixel's time zone, and begins `daysBefore` days
 * earlier.
 *
 * @throws Problem if the first day comes after the last, or the range cannot contain events.
 */
export function dayRangeOf(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
  daysBefore: number,
): readonly [from: string, to: string] {
  const to = query.to ?? localDay(zone, Date.now());
  requireInBounds({ ...query, to }, zone);
  const from = query.from ?? addDays(to, -daysBefore);
  if (from > to) throw badParameter('from', 'The first day comes after the last.');
  return [from, to];
}

/** @throws Problem if a range of days, which may be open at either end, cannot contain events. */
export function requireInBounds(
  days: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
): void {
  const error = outOfBounds(days, zone, Date.now());
  if (error) throw badParameter(error.end, error.message);
}

/** A list in one parameter, with commas between its items. */
export const commaList = <Item extends v.GenericSchema<string>>(item: Item) =>
  v.pipe(v.array(item), v.metadata({ separator: ',' }));

/** A whole number. */
export const integer = (min: number, max: number) => {
  const message = `Send a whole number from ${min} to ${max}.`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, message),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
};

/** The parameter of filters. `parseFilters` reads it. */
export const FILTERS = v.pipe(
  v.optional(v.string(), '[]'),
  v.description('The `filters` of `POST /api/v2/query`, as JSON: `[["is", "visit:source", ["Google"]]]`.'),
);

/** @throws Problem if the text is not JSON. */
export function parseFilters(filters: string): unknown {
  try {
    return JSON.parse(filters);
  } catch {
    throw badParameter(
      'filters',
      'This is not JSON. Send an array such as [["is","visit:source",["Google"]]].',
    );
  }
}

/** @throws Problem with an entry for each invalid parameter. */
export function readParameters<Schema extends ParameterSchema>(
  url: string,
  schema: Schema,
): v.InferOutput<Schema> {
  const { searchParams } = new URL(url);
  const values: Record<string, unknown> = {};
  for (const name of new Set(searchParams.keys())) {
    values[name] = readValue(searchParams.getAll(name), schema.entries[name]);
  }
  const result = v.safeParse(schema, values);
  if (result.success) return result.output;
  throw badParameters(
    result.issues.map(({ path, message, type }) => ({
      path: String(path?.[0]?.key ?? ''),
      message:
        type === 'strict_object'
          ? `Unknown parameter. Use ${Object.keys(schema.entries).join(', ')}.`
          : message,
    })),
  );
}

/**
 * The items of a list, or the text of any other parameter. If such a parameter occurs more than once, its texts stay an array,
 * which its schema rejects.
 */
function readValue(texts: readonly string[], schema: v.GenericSchema | undefined): unknown {
  const inner = schema && unwrap(schema);
  if (inner?.type !== 'array') return texts.length === 1 ? texts[0] : texts;
  const { separator } = v.getMetadata(inner) as { separator?: string };
  return separator === undefined ? texts : texts.flatMap((text) => text.split(separator));
}

/** The schema inside an optional one. */
function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return schema.type === 'optional'
    ? unwrap((schema as v.OptionalSchema<v.GenericSchema, unknown>).wrapped)
    : schema;
}

/** The problem of an invalid parameter. */
export function badParameter(path: string, message: string): Problem {
  return badParameters([{ path, message }]);
}

/** The problem of invalid parameters. */
export function badParameters(
  errors: readonly { readonly path: string; readonly message: string }[],
): Problem {
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join(' ');
  return new Problem('invalid_query', detail, { errors });
}
