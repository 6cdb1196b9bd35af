/**
 * The same events, sampled as the platform samples, in ClickHouse: two hundred questions each at 1 in 10, at 1 in 100 and at a mixture. The true
 * answers are counted here, event by event.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Random } from '../../scripts/lib/random.ts';
import type { Condition } from '../../src/engine/dialect.ts';
import { type Estimates, estimate, type Question } from '../../src/engine/estimate.ts';
import { columnOfField } from '../../src/engine/fields.ts';
import { mistakesIn } from '../../src/engine/grammar.ts';
import type { Estimate } from '../../src/engine/interval.ts';
import { KIND, pointOf } from '../../src/engine/point.ts';
import { type EngineReader, readerOf } from '../../src/engine/reader.ts';
import { timeRuns } from '../../src/engine/time-runs.ts';
import type { Env } from '../../src/env.ts';
import type { DimensionColumn } from '../../src/model/dimensions.ts';
import type { Event } from '../../src/model/event.ts';
import { type Segment, segments } from '../../src/model/time-zone.ts';
import { Binding } from './binding.ts';
import { Engine, sampledAt, UNSAMPLED, type WrittenPoint } from './engine.ts';
import { type SqlApi, serveSqlApi } from './sql-api.ts';
import { traffic } from './traffic.ts';

const seed = inject('seed') === 'random' ? Date.now() % 1e6 : Number(inject('seed'));
const EVENTS = inject('long') ? 1_000_000 : 60_000;
const QUESTIONS = 200;
/** Of the mixture, fewer unless all are wanted. */
const OF_MIXTURE = inject('long') ? QUESTIONS : 60;
const PIXEL = 'px_estimates';
const ZONE = 'Europe/Berlin';
/** The clocks change on the second one. */
const DAYS = ['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27'];
const PARTS = segments(ZONE, DAYS[0] as string, DAYS.at(-1) as string);

const DATASETS = {
  unsampled: UNSAMPLED,
  tenth: sampledAt(10, seed),
  hundredth: sampledAt(100, seed + 1),
  /** Some indexes more than others, and more in the evening. */
  mixed: {
    seed: seed + 2,
    intervalOf: ({ point, at }: WrittenPoint) => {
      const busy = (point.indexes?.[0] ?? '').charCodeAt(PIXEL.length + 1) % 3;
      return busy === 0 ? 1 : (busy === 1 ? 5 : 20) * (at % 86_400_000 > 57_600_000 ? 2 : 1);
    },
  },
} as const;
type Dataset = keyof typeof DATASETS;

let engine: Engine;
let api: SqlApi;
let binding: Binding;
let events: Event[];

beforeAll(async () => {
  engine = new Engine();
  const starts = DAYS.map((day) => PARTS.find((part) => part.day === day)?.start ?? 0);
  events = [...traffic({ pixel: PIXEL, seed, events: EVENTS, days: starts })];
  function* written(): Generator<WrittenPoint> {
    for (const event of events)
      yield { point: pointOf(event, KIND.event) as WrittenPoint['point'], at: event.ts + 2000 };
    // What is not to be counted: copies, and events of another pixel.
    for (const event of events.slice(0, 500)) {
      yield { point: pointOf(event, KIND.copy) as WrittenPoint['point'], at: event.ts };
      const other = pointOf({ ...event, pixel: `${PIXEL}2` }, KIND.event);
      yield { point: other as WrittenPoint['point'], at: event.ts };
    }
  }
  for (const [name, sampling] of Object.entries(DATASETS)) await engine.write(name, written(), sampling);
  const check = (dialect: 'http' | 'binding') => (query: string) => {
    const params = Array.from({ length: (query.match(/\$\d+/g) ?? []).length }, () => '');
    const mistakes = mistakesIn({ query, params }, dialect);
    if (mistakes.length > 0) throw new Error(mistakes.join(' '));
  };
  api = await serveSqlApi(engine, check('http'));
  binding = new Binding(engine, check('binding'));
}, 600_000);
afterAll(async () => {
  await api?.close();
  engine?.close();
});

function readers(dataset: Dataset): { readonly http: EngineReader; readonly binding: EngineReader } {
  const { url, account, token } = api;
  const given = { ANALYTICS_DATASET: dataset };
  const http = readerOf({
    ...given,
    ACCOUNT_ID: account,
    ANALYTICS_TOKEN: token,
    ANALYTICS_API: url,
  } as unknown as Env);
  const bound = readerOf({ ...given, ANALYTICS_SQL: binding } as unknown as Env);
  return { http: http as EngineReader, binding: bound as EngineReader };
}

/** A question, and the events that it is about. */
interface Asked {
  readonly question: Question;
  readonly passes: (event: Event) => boolean;
  readonly about: string;
}

const STABLE: readonly DimensionColumn[] = [
  'name',
  'page',
  'hostname',
  'device',
  'browser',
  'browser_version',
  'os',
  'os_version',
  'country',
  'region',
  'city',
  'language',
  'currency',
];
const equals = (field: DimensionColumn, value: string): Condition => ({
  left: { column: columnOfField(field) },
  is: '=',
  right: { value },
});
const differs = (field: DimensionColumn, value: string): Condition => ({
  left: { column: columnOfField(field) },
  is: '<>',
  right: { value },
});

/** @param of the days that may be asked about. */
function ask(random: Random, of: readonly string[]): Asked {
  const fields = STABLE.filter(() => random.chance(0.1)).slice(0, 2);
  const days = of.filter(() => random.chance(0.7));
  const chosen = days.length === 0 ? of.slice(-1) : days;
  const time = random.chance(0.3) ? (random.chance(0.5) ? 'day' : 'hour') : null;
  const conditions: { readonly condition: Condition; readonly passes: (event: Event) => boolean }[] = [];
  for (const field of ['country', 'page', 'browser', 'name', 'device'] as const) {
    if (!random.chance(0.2)) continue;
    const some = [1, 2].map(() => (events[random.below(events.length)] as Event)[field]);
    const [first = ''] = some;
    conditions.push(
      random.chance(0.3)
        ? { condition: differs(field, first), passes: (event) => event[field] !== first }
        : random.chance(0.5)
          ? {
              condition: { column: columnOfField(field), in: some },
              passes: (event) => some.includes(event[field]),
            }
          : {
              condition: { or: some.map((one) => equals(field, one)) },
              passes: (event) => some.includes(event[field]),
            },
    );
  }
  const runs = timeRuns(PARTS.filter(({ day }) => chosen.includes(day)));
  return {
    question: {
      pixel: PIXEL,
      runs,
      time,
      fields,
      where: conditions.map(({ condition }) => condition),
      wants: { visitors: true, sales: true },
    },
    passes: (event) =>
      event.name !== 'engagement' &&
      runs.some(({ start, end }) => event.ts >= start && event.ts < end) &&
      conditions.every(({ passes }) => passes(event)),
    about: `${fields.join(', ') || 'all'} by ${time ?? 'no time'} of ${chosen.length} days, ${conditions.length} filters`,
  };
}

interface Truth {
  events: number;
  pageviews: number;
  readonly visitors: Set<string>;
  readonly sales: Map<string, { revenue: number; sales: number }>;
}

function truthOf({ question, passes }: Asked): Map<string, Truth> {
  const groups = new Map<string, Truth>();
  for (const event of events) {
    if (!passes(event)) continue;
    const key = JSON.stringify([
      timeOf(event.ts, question.time),
      ...question.fields.map((field) => event[field]),
    ]);
    const group = groups.get(key) ?? { events: 0, pageviews: 0, visitors: new Set(), sales: new Map() };
    groups.set(key, group);
    group.events += 1;
    if (event.name === 'pageview') group.pageviews += 1;
    if (event.visitor !== '') group.visitors.add(event.visitor);
    if (event.value === null || event.currency === '') continue;
    const sale = group.sales.get(event.currency) ?? { revenue: 0, sales: 0 };
    group.sales.set(event.currency, { revenue: sale.revenue + event.value, sales: sale.sales + 1 });
  }
  return groups;
}

function timeOf(ts: number, time: Question['time']): string {
  if (time === null) return '';
  const { day, offset } = PARTS.find(({ start, end }) => ts >= start && ts < end) as Segment;
  return time === 'day' ? day : `${day} ${new Date(ts + offset).toISOString().slice(11, 13)}:00:00`;
}

/** How often each metric's interval holds. */
class Tally {
  readonly counts = new Map<string, { asked: number; held: number; above: number; width: number }>();

  add(metric: string, { low, high }: Estimate, truth: number): void {
    const count = this.counts.get(metric) ?? { asked: 0, held: 0, above: 0, width: 0 };
    this.counts.set(metric, count);
    count.asked += 1;
    if (low <= truth && truth <= high) count.held += 1;
    else if (truth > high) count.above += 1;
    count.width += (high - low) / Math.max(1, Math.abs(truth));
  }

  report(title: string): string {
    const lines = [...this.counts].map(
      ([metric, { asked, held, above, width }]) =>
        `  ${metric}: ${((100 * held) / asked).toFixed(1)} % of ${asked} (${above} above, ${asked - held - above} below), mean width ${(width / asked).toFixed(2)} of the value`,
    );
    return [title, ...lines].join('\n');
  }
}

/** Groups of as many events come in any order. */
const inOrder = ({ groups, ...rest }: Estimates) => ({
  ...rest,
  groups: groups.map((group) => JSON.stringify(group)).sort(),
});

describe('estimates', () => {
  it('are exact, and the same in both languages, where nothing is sampled', async () => {
    const random = new Random(seed + 10);
    const { http, binding } = readers('unsampled');
    for (let number = 0; number < (inject('long') ? 60 : 12); number++) {
      const asked = ask(random, DAYS);
      const answer = await estimate(http, asked.question);
      const truth = truthOf(asked);
      expect(answer).toMatchObject({ interval: 1, share: 1, isComplete: true });
      expect(inOrder(await estimate(binding, asked.question))).toEqual(inOrder(answer));
      const found = new Map(
        answer.groups.map((group) => [JSON.stringify([group.time, ...group.values]), group]),
      );
      expect([...found.keys()].sort(), asked.about).toEqual([...truth.keys()].sort());
      for (const [key, group] of found) {
        const { visitors, sales, ...counts } = truth.get(key) as Truth;
        for (const [metric, value] of Object.entries({ ...counts, visitors: visitors.size })) {
          expect(group[metric as 'events'], `${asked.about} ${key} ${metric}`).toEqual({
            value,
            low: value,
            high: value,
          });
        }
        expect(
          group.sales.map(({ currency, revenue, sales }) => [currency, revenue.value, sales.value]).sort(),
        ).toEqual([...sales].map(([currency, sale]) => [currency, sale.revenue, sale.sales]).sort());
      }
    }
  });

  it.each(['tenth', 'hundredth', 'mixed'] as const)('hold in 95 of 100 questions: %s', async (dataset) => {
    const random = new Random(seed + 20);
    const { http, binding } = readers(dataset);
    const rows = new Tally();
    const questions = new Tally();
    const count = dataset === 'mixed' ? OF_MIXTURE : QUESTIONS;
    for (let number = 0; number < count; number++) {
      // Without a change of clocks: one part, and so one statement of each kind.
      const asked = ask(random, DAYS.slice(2));
      const answer = await estimate(number % 2 === 0 ? http : binding, asked.question);
      const truth = truthOf(asked);
      // What a question shows first, and one of its other rows.
      const listed = answer.groups.toSorted((a, b) => b.events.value - a.events.value);
      const other = listed[random.below(Math.max(1, listed.length))];
      for (const [place, group] of [...listed.entries()].slice(0, 100)) {
        const real = truth.get(JSON.stringify([group.time, ...group.values]));
        if (!real) throw new Error(`no such group: ${group.values}`);
        const all: [string, Estimate, number][] = [
          ['events', group.events, real.events],
          ['pageviews', group.pageviews, real.pageviews],
          ['visitors', group.visitors as Estimate, real.visitors.size],
          ...group.sales.flatMap(({ currency, revenue, sales }): [string, Estimate, number][] => [
            ['revenue', revenue, real.sales.get(currency)?.revenue ?? 0],
            ['sales', sales, real.sales.get(currency)?.sales ?? 0],
          ]),
        ];
        for (const [metric, given, value] of all) {
          rows.add(metric, given, value);
          if (place === 0 || group === other) questions.add(metric, given, value);
        }
      }
    }
    console.log(questions.report(`${dataset}: first row and one other of ${count} questions`));
    console.log(rows.report(`${dataset}: the first hundred rows of each`));
    for (const tally of [questions, rows]) {
      for (const [metric, { asked, held }] of tally.counts) {
        expect(held / asked, `${dataset} ${metric}`).toBeGreaterThanOrEqual(0.95);
      }
    }
  });

  it('are of a part of the visitors where there are many', async () => {
    const { http } = readers('tenth');
    const question = {
      pixel: PIXEL,
      runs: timeRuns(PARTS),
      time: null,
      fields: [],
      where: [],
      wants: { visitors: true, sales: false },
    };
    const { groups } = await estimate(http, { ...question, fields: ['page'] });
    const indexes = api.statements
      .at(-1)
      ?.match(/index1 IN \([^)]*\)/g)
      ?.at(-1)
      ?.split(',').length;
    if (inject('long')) expect(indexes).toBeLessThan(64);
    expect(groups.length).toBeGreaterThan(100);
  });
});
