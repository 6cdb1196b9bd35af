/** The bodies with the items of an import. */
import * as v from 'valibot';
import { ROLLED_DIMENSIONS } from '../model/dimensions.ts';
import { LIMITS } from '../model/limits.ts';
import { Day } from './parameters.ts';

const Text = v.optional(v.string('This must be a string.'));
const Amount = v.optional(v.pipe(v.number('This must be a number.'), v.minValue(0)));

/** An event of an import, as `ImportedEvent` says. Texts are cut to their limits when they are enriched. */
export const EventItem = v.strictObject({
  ts: v.pipe(v.number('This must be epoch milliseconds.'), v.finite()),
  ev: Text,
  dl: v.string('An event needs a page: send a URL, a path, or an empty text.'),
  ...{ rl: Text, eid: Text, visitor: Text, ip: Text, ua: Text },
  ...{ browser: Text, browser_version: Text, os: Text, os_version: Text, device: Text },
  ...{ country: Text, region: Text, city: Text, language: Text },
  utm: v.optional(v.strictObject({ source: Text, medium: Text, campaign: Text, content: Text, term: Text })),
  cd: v.optional(v.record(v.string(), v.unknown())),
  engaged: Amount,
  scroll: Amount,
});

const Count = v.pipe(v.number('This must be a number.'), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const DIMENSIONS_OF_TOTALS: ReadonlySet<string> = new Set(['', ...ROLLED_DIMENSIONS.map(({ name }) => name)]);

/** A row of totals, as `ImportedTotals` says. */
export const TotalsItem = v.strictObject({
  day: Day,
  dimension: v.pipe(
    v.string(),
    v.check((name) => DIMENSIONS_OF_TOTALS.has(name), 'Rollups have no such dimension.'),
  ),
  value: v.pipe(
    v.string(),
    v.transform((text) => text.toWellFormed().replaceAll('\0', '')),
  ),
  via: v.optional(v.strictObject({ source: Text, medium: Text, campaign: Text })),
  ...{ visitors: Count, visits: Count, pageviews: Count, events: Count, bounces: Count, duration: Count },
  ...{ engaged: v.optional(Count), engaged_visits: v.optional(Count) },
  ...{ scroll: v.optional(Count), scrolled_visits: v.optional(Count) },
});

const position = v.pipe(v.number('This must be a whole number.'), v.safeInteger(), v.minValue(0));
const Counted = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1_000_000_000));

export const ImportItems = v.pipe(
  v.strictObject({
    from: position,
    to: position,
    items: v.pipe(
      v.array(
        v.strictObject({ at: position, event: v.optional(v.unknown()), totals: v.optional(v.unknown()) }),
      ),
      v.maxLength(LIMITS.apiEvents, `Send at most ${LIMITS.apiEvents} items at a time.`),
    ),
    left_out: v.optional(v.record(v.pipe(v.string(), v.minLength(1), v.maxLength(120)), Counted), {}),
    unreadable: v.optional(Counted, 0),
    end: v.optional(v.boolean(), false),
  }),
  v.check(({ from, to }) => from <= to, 'to comes before from.'),
  v.check(
    ({ from, to, items }) =>
      items.every(({ at }, index) => at >= (index === 0 ? from : (items[index - 1]?.at ?? 0) + 1) && at < to),
    'Send items in the order of their positions, from `from` on and before `to`.',
  ),
);
export type ImportItems = v.InferOutput<typeof ImportItems>;
