/**
 * `PUT /api/v1/pixels/:id/events`: writes the rows of an export back unchanged, into the pixel they come from or another one
 * with its time zone. Speck does not enrich or mask them again, so queries have the same results as before. Rows that exist
 * already are recognized, and sending a body again changes nothing.
 */
import * as v from 'valibot';
import type { PlacedEvent } from '../model/batch.ts';
import { VALUE_LIMITS } from '../model/dimensions.ts';
import type { Event } from '../model/event.ts';
import { EXPORTED_EVENTS, type ExportedColumn, microsOf } from '../model/exported.ts';
import { LIMITS } from '../model/limits.ts';
import { localDayOf } from '../model/local-day.ts';
import { pathOf } from '../model/path.ts';
import type { Pixel } from '../model/pixel.ts';
import { textOfProperties } from '../model/properties.ts';
import { randomBase58 } from '../model/random.ts';
import { REJECTION_REASONS, type Rejection, type RejectionReason } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import { writeBatch } from '../store/events.ts';
import { withRetries } from '../store/failure.ts';
import { readText } from './body.ts';
import type { PixelCall } from './call.ts';
import { JsonNumber, parseExactly } from './exact-json.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

/** The columns of texts that have no form of their own. */
type TextColumn = Exclude<
  { [Name in keyof Event]: Event[Name] extends string ? Name : never }[keyof Event],
  'pixel' | 'props' | 'agent_class'
>;

interface Line {
  /** From 0. */
  readonly index: number;
  readonly text: string;
}

interface RestoreError {
  readonly index: number;
  readonly reason: RejectionReason;
  readonly message: string;
}

export async function restoreEvents({ request, env, pixel }: PixelCall): Promise<Response> {
  const lines = linesOf(await readText(request));
  const now = Date.now();
  const rejected: RestoreError[] = [];
  const events: PlacedEvent[] = [];
  const indexes: number[] = [];
  for (const { index, text } of lines) {
    const event = eventOf(text, pixel, now);
    if (!event.ok) {
      rejected.push({ index, reason: event.error.reason, message: event.error.detail });
      continue;
    }
    events.push({ event: event.value, day: localDayOf(pixel.timezone, event.value.ts) });
    indexes.push(index);
  }

  const batch = { id: randomBase58(12), events, rejections: [] };
  const outcomes = await withRetries(() => writeBatch(env.DB, batch, now, true));
  outcomes.forEach((outcome, position) => {
    if (outcome === 'stored' || outcome === 'duplicate') return;
    rejected.push({
      index: indexes[position] as number,
      reason: outcome,
      message: REJECTION_REASONS[outcome],
    });
  });
  const count = (kind: string): number => outcomes.filter((outcome) => outcome === kind).length;
  return uncachedJson(
    {
      accepted: count('stored'),
      duplicates: count('duplicate'),
      rejected: rejected.toSorted((a, b) => a.index - b.index),
    },
    202,
  );
}

/** The lines of a body that are not blank. @throws Problem if there are none, or too many. */
function linesOf(body: string): Line[] {
  const lines = body
    .split('\n')
    .map((text, index) => ({ index, text }))
    .filter(({ text }) => text.trim() !== '');
  if (lines.length > 0 && lines.length <= LIMITS.apiEvents) return lines;
  throw new Problem(
    'invalid_body',
    lines.length === 0
      ? 'Send the lines of an export, with one JSON object in each.'
      : `Send at most ${LIMITS.apiEvents} lines at a time.`,
  );
}

function eventOf(line: string, pixel: Pixel, now: number): Result<Event, Rejection> {
  let value: unknown;
  try {
    value = parseExactly(line);
  } catch {
    return rejection('invalid_event', 'The line is not JSON.');
  }
  if (!(value instanceof Map)) return rejection('invalid_event', 'The line is not a JSON object.');
  const unknown = [...(value as Map<string, unknown>).keys()].find((name) => !NAMES.has(name));
  if (unknown !== undefined) return rejection('invalid_event', `${unknown}: Exports have no such column.`);
  const row = v.safeParse(EventRow, Object.fromEntries(value));
  if (!row.success) {
    const [{ path, message }] = row.issues;
    return rejection('invalid_event', `${pathOf(path ?? [])}: ${message}`);
  }
  const event = { ...row.output, pixel: pixel.id } as unknown as Event;
  if (event.ts < LIMITS.oldestTs) return rejection('time_too_old');
  if (event.ts > now + LIMITS.clockSkew) return rejection('time_in_future');
  return ok(event);
}

function rejection(reason: RejectionReason, detail: string = REJECTION_REASONS[reason]) {
  return err({ reason, detail });
}

const Text = v.pipe(
  v.string('This must be a string.'),
  v.check(
    (text) => text.isWellFormed() && !text.includes('\0'),
    'It has a character that the database cannot store: an unpaired surrogate, or U+0000.',
  ),
);

const text = (maxLength: number) =>
  v.pipe(Text, v.maxLength(maxLength, `It is longer than ${maxLength} characters.`));

const Time = v.pipe(
  Text,
  v.check(isTime, 'This is not a time in the format of an export, such as 2026-11-24T10:00:00.000Z.'),
  v.transform((time) => Date.parse(time)),
);

const numberOf = (parse: (text: string) => number | null) =>
  v.nullable(
    v.pipe(
      v.instance(JsonNumber, 'This must be a number.'),
      v.transform((number) => parse(number.text)),
      v.number('This number cannot be stored.'),
    ),
    null,
  );
const Amount = numberOf(microsOf);
const integerUpTo = (max: number) =>
  numberOf((text) => {
    const number = Number(text);
    return Number.isInteger(number) && number >= 0 && number <= max ? number : null;
  });

const Properties = v.pipe(
  v.map(
    v.pipe(text(LIMITS.propKey), v.minLength(1)),
    text(LIMITS.propValue),
    'This must be an object of strings.',
  ),
  v.check(({ size }) => size <= LIMITS.props, `An event has at most ${LIMITS.props} properties.`),
  v.transform((properties) => textOfProperties(properties)),
);

/** The maximum length of each text column, in characters. The compiler requires an entry for a column that no dimension has. */
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  ...VALUE_LIMITS,
  id: 64,
  eid: LIMITS.eid,
  visitor: 64,
  person: 64,
} satisfies Record<TextColumn, number>;

/** The maximum of number columns, since their sums must fit. All others are flags. */
const MAX_NUMBERS: Readonly<Record<string, number>> = { engaged: LIMITS.engaged, scroll: 100 };

/** Columns with schemas of their own. */
const SCHEMAS: Readonly<Record<string, v.GenericSchema>> = {
  id: v.pipe(text(64), v.minLength(1, 'An event needs an id.')),
  name: v.pipe(text(LIMITS.name), v.minLength(1, 'An event needs a name.')),
  agent_class: v.optional(v.picklist(['human', 'mail_proxy'], 'Use human or mail_proxy.'), 'human'),
  // Older exports lack this column.
  authenticated: v.pipe(
    v.optional(v.instance(JsonNumber, 'This must be a number.'), new JsonNumber('0')),
    v.transform(({ text }) => Number(text)),
    v.picklist([0, 1], 'Use 0 or 1.'),
  ),
  currency: v.optional(v.pipe(Text, v.regex(/^([A-Z]{3})?$/, 'This is not an ISO 4217 code.')), ''),
};

/** Columns that an older export lacks are empty. Time, id and name are required. */
const EventRow = v.strictObject(
  Object.fromEntries(
    EXPORTED_EVENTS.columns.map((column) => [column.name, SCHEMAS[column.name] ?? schemaOf(column)]),
  ),
);
const NAMES: ReadonlySet<string> = new Set(EXPORTED_EVENTS.columns.map(({ name }) => name));

function schemaOf({ name, kind }: ExportedColumn): v.GenericSchema {
  switch (kind) {
    case 'time':
      return Time;
    case 'amount':
      return v.optional(Amount, null);
    case 'number':
      return v.optional(integerUpTo(MAX_NUMBERS[name] ?? 1), null);
    case 'json':
      return v.optional(Properties, () => new Map());
    case 'text':
      return v.optional(text(MAX_LENGTHS[name] ?? 0), '');
  }
}

function isTime(text: string): boolean {
  const ts = Date.parse(text);
  return Number.isFinite(ts) && new Date(ts).toISOString() === text;
}
