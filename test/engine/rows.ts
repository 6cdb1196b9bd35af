/** What tests of Analytics Engine share: events that a point can hold, and what Analytics Engine answers for a point. */
import fc from 'fast-check';
import type { EngineRow } from '../../src/engine/row.ts';
import { VALUE_LIMITS } from '../../src/model/dimensions.ts';
import type { Event } from '../../src/model/event.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { printableText } from '../../src/model/text/printable.ts';

/** The row of a point, with all its columns, through JSON as a result is sent. */
export function rowOfPoint(
  point: AnalyticsEngineDataPoint,
  timestamp = '2026-01-01 00:00:00',
  interval = 1,
): EngineRow {
  const row: Record<string, string | number> = { timestamp, _sample_interval: interval };
  row['index1'] = String(point.indexes?.[0] ?? '');
  for (let place = 0; place < 20; place++) {
    row[`blob${place + 1}`] = String(point.blobs?.[place] ?? '');
    row[`double${place + 1}`] = Number(point.doubles?.[place] ?? 0);
  }
  return JSON.parse(new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(row)))) as EngineRow;
}

const HOSTILE = [
  "'",
  "''",
  '\\',
  "\\'",
  '"',
  ';--',
  '$1',
  '{"a":1}',
  '\u{1f600}',
  '\u0301',
  '%00',
  '\t',
  'NULL',
  '-1',
];
const text = (limit: number) =>
  fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('', ...HOSTILE),
    )
    .map((one) => printableText(one).slice(0, limit).toWellFormed());

const integer = (min: number, max: number) => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));

/** Events as enrich makes them, of those that a point can hold: without a person, a client's id and custom data. */
export const anonymousEvent: fc.Arbitrary<Event> = fc
  .record({
    ...(Object.fromEntries(
      Object.entries(VALUE_LIMITS).map(([column, limit]) => [column, text(limit)]),
    ) as Record<keyof typeof VALUE_LIMITS, fc.Arbitrary<string>>),
    pixel: fc.constantFrom('px_1111111111111111', 'px_zzzzzzzzzzzzzzzz'),
    ts: integer(LIMITS.oldestTs, 4_102_444_800_000),
    id: fc.stringMatching(/^[\da-z]{22}$/),
    visitor: fc.oneof(fc.constant(''), fc.stringMatching(/^[\w-]{22}$/)),
    agent_class: fc.constantFrom('human' as const, 'mail_proxy' as const),
    engaged: fc.option(integer(0, LIMITS.engaged)),
    scroll: fc.option(integer(0, 100)),
    value: fc.option(integer(-LIMITS.valueMicros, LIMITS.valueMicros)),
  })
  .map((event) => ({ ...event, eid: '', person: '', props: '', authenticated: 0 }));
