/** Reads and checks the query parameters of API requests. */
import * as v from 'valibot';
import { addDays, isDay, localDay } from '../model/time-zone.ts';
import { outOfBounds } from '../query/bounds.ts';
import { Problem } from './problem.ts';

/** A schema of query parameters, each by its name. A parameter that it does not name is refused. */
export type ParameterSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

export const Day = v.pipe(
  v.string(),
  v.isoDate('This is no date in the form YYYY-MM-DD.'),
  v.check(isDay, 'This is no date of the calendar in the form YYYY-MM-DD.'),
);

/**
 * The days from `from` to `to`: by default up to today in a zone, from so many days before.
 * @throws Problem when the first comes after the last, or no event can be in them.
 */
export function daysAsked(
  asked: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
  before: number,
): readonly [from: string, to: string] {
  const to = asked.to ?? localDay(zone, Date.now());
  requireInBounds({ ...asked, to }, zone);
  const from = asked.from ?? addDays(to, -before);
  if (from > to) throw badParameter('from', 'The first day comes after the last.');
  return [from, to];
}

/** @throws Problem when no event can be in a range of days, either of which may be left open. */
export function requireInBounds(
  days: { readonly from?: string | undefined; readonly to?: string | undefined },
  zone: string,
): void {
  const outside = outOfBounds(days, zone, Date.now());
  if (outside) throw badParameter(outside.end, outside.message);
}

/** A list in one parameter, its items separated by commas. */
export const list = <Item extends v.GenericSchema<string>>(item: Item) =>
  v.pipe(v.array(item), v.metadata({ separator: ',' }));

/** A whole number in a parameter's text. */
export const whole = (least: number, greatest: number) => {
  const message = `Give a whole number from ${least} to ${greatest}.`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, message),
    v.transform(Number),
    v.number(),
    v.integer(),
    v.minValue(least, message),
    v.maxValue(greatest, message),
  );
};

/** @throws Problem that names each parameter that is not what it should be. */
export function readParameters<Schema extends ParameterSchema>(
  url: string,
  schema: Schema,
): v.InferOutput<Schema> {
  const { searchParams } = new URL(url);
  const given: Record<string, unknown> = {};
  for (const name of new Set(searchParams.keys())) {
    given[name] = readValue(searchParams.getAll(name), schema.entries[name]);
  }
  const result = v.safeParse(schema, given);
  if (result.success) return result.output;
  throw badParameters(
    result.issues.map(({ path, message, type }) => ({
      path: String(path?.[0]?.key ?? ''),
      message:
        type === 'strict_object' ? `Unknown. Known: ${Object.keys(schema.entries).join(', ')}.` : message,
    })),
  );
}

/** A list's items, or a parameter's one text; more than one text stays a list, which no other schema takes. */
function readValue(texts: readonly string[], schema: v.GenericSchema | undefined): unknown {
  const inner = schema && unwrapped(schema);
  if (inner?.type !== 'array') return texts.length === 1 ? texts[0] : texts;
  const { separator } = v.getMetadata(inner) as { separator?: string };
  return separator === undefined ? texts : texts.flatMap((text) => text.split(separator));
}

/** The schema that an optional one is around. */
function unwrapped(schema: v.GenericSchema): v.GenericSchema {
  return schema.type === 'optional'
    ? unwrapped((schema as v.OptionalSchema<v.GenericSchema, unknown>).wrapped)
    : schema;
}

/** The problem of a parameter that is not what it should be. */
export function badParameter(path: string, message: string): Problem {
  return badParameters([{ path, message }]);
}

/** The problem of parameters that are not what they should be. */
export function badParameters(
  errors: readonly { readonly path: string; readonly message: string }[],
): Problem {
  const detail = errors.map(({ path, message }) => `${path}: ${message}`).join(' ');
  return new Problem('invalid_query', detail, { errors });
}
