/** Funnels: how many came from goal to goal, within a visit, or within a person's window across visits and devices. */
import { RAW } from '../model/day-state.ts';
import type { Funnel, Goal } from '../model/goal.ts';
import { peopleSince } from '../model/person.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { segments } from '../model/time-zone.ts';
import { GOALS, goalParameter, reaches } from '../sql/goals.ts';
import { prepare } from '../sql/statement.ts';
import { STRETCHES, stretchParameter } from '../sql/stretches.ts';
import { numberedEvents } from '../sql/visits.ts';
import { rootOf } from '../store/aliases.ts';
import { firstDayOf } from '../store/days.ts';
import { pastRetention, type Refusal, type Span, settingOf } from './ask.ts';
import { rangeMistakes } from './bounds.ts';
import { Draft } from './draft.ts';
import { eventCtes, eventsOf } from './event-rows.ts';
import { daysIn, type KnownDays } from './known-days.ts';
import { Meter } from './meter.ts';
import { type Allowance, type Held, pay, priceMistakes, pricesOfFunnel, VIEWERS } from './price.ts';
import type { Question } from './question.ts';
import { type DayRange, resolveRange } from './range.ts';
import { resolveTests, testsToResolve } from './resolve.ts';
import { funnelMistakes, isProtected, toldRange } from './small-groups.ts';
import { toldDays, toldDaysCte, toldParameter, toldVisits } from './told-cells.ts';

export interface FunnelStep {
  readonly goal: string;
  /** Visits, or people, that came to this step; null, as all else, where they are too few to be told. */
  readonly count: number | null;
  /** In per cent of the first step and of the one before, two decimals; 0 of none. */
  readonly of_first: number | null;
  readonly of_previous: number | null;
  /** How many of the step before did not come to this one. */
  readonly lost: number | null;
}

export interface FunnelAnswer {
  readonly steps: readonly FunnelStep[];
  readonly range: DayRange;
}

/**
 * Answers how far the visits, or people, came that have some event that the question's filters let through.
 *
 * @param asked its range and filters; all else of it is left aside.
 */
export async function runFunnel(
  db: D1Database,
  pixel: Pixel,
  funnel: Funnel,
  asked: Question,
  now: number,
  allowance: Allowance = VIEWERS,
): Promise<Result<FunnelAnswer, Refusal>> {
  const outside = rangeMistakes(asked, pixel.timezone, now);
  if (outside.length > 0) return err({ reason: 'invalid_query', errors: outside });
  const isSafe = isProtected(pixel.settings.min_group);
  const mistakes = isSafe ? funnelMistakes(funnel, asked) : [];
  if (mistakes.length > 0) return err({ reason: 'invalid_query', errors: mistakes });
  const first = isSafe || asked.range === 'all' ? await firstDayOf(db, pixel.id) : null;
  const range = resolveRange(asked.range, pixel.timezone, now, first);
  const told = isSafe ? { before: now, first } : null;
  const answered = isSafe ? toldRange(range, pixel.timezone, now) : range;
  const span: Span = { range: answered, moments: null, peopleSince: peopleSince(now), told };
  const [held] = await daysIn(db, asked, [span], false);
  const known = { ...span, known: held as KnownDays & Held };
  const price = { goals: pixel.settings.goals.length, isSafe };
  const prices = pricesOfFunnel(asked, testsToResolve(asked), funnel.steps.length, known.known, price);
  const tooDear = priceMistakes(prices, allowance);
  if (tooDear.length > 0) return err({ reason: 'invalid_query', errors: tooDear });
  pay(prices, allowance);
  const filters = await resolveTests(db, asked, pixel, known, new Meter());
  if (!filters.ok) return filters;
  const question = { ...asked, filters: filters.value };
  const setting = settingOf(pixel, span, known.known, null);
  const draft = new Draft(question, setting, false);
  const goals = funnel.steps.flatMap((step) => pixel.settings.goals.find(({ name }) => name === step) ?? []);
  const { days } = setting;
  const stretches = days ? segments(pixel.timezone, days.from, days.to) : [];
  const toldCte = told && toldDaysCte(draft.list(toldParameter(toldDays(stretches, span, null))), told);
  const sql = funnelSql(funnel, goals.length, draft, toldCte);
  const [purged, counts] = await db.batch<Record<string, unknown>>([
    prepare(
      db,
      `SELECT max(day) AS day FROM days WHERE pixel = :pixel AND raw > ${RAW.stored} AND day BETWEEN :from AND :to`,
      { pixel: pixel.id, ...answered },
    ),
    prepare(db, sql, {
      pixel: pixel.id,
      stretches: stretchParameter(stretches.map((one) => ({ ...one, bucket: '' }))),
      // The steps by their places, and behind them whatever filters may ask for.
      goals: goalParameter([...goals, ...pixel.settings.goals]),
      values: draft.lists(),
      countries: draft.setting.countries,
    }),
  ]);
  const day = pastRetention(pixel, span) ?? purged?.results[0]?.['day'];
  if (typeof day === 'string') {
    const detail = `A funnel needs raw events, and those up to ${day} are past this pixel's retention and gone. Ask from the day after.`;
    return err({ reason: 'beyond_retention', detail });
  }
  const row = counts?.results[0] ?? {};
  return ok({
    range,
    steps: stepsOf(
      goals,
      goals.map((_, place) => row[`count${place}`] as number | null),
    ),
  });
}

/** @param counts null where they may not be told. Rounded ones may grow from step to step; none does here. */
function stepsOf(goals: readonly Goal[], counts: readonly (number | null)[]): FunnelStep[] {
  const share = (part: number, whole: number): number =>
    whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100;
  const first = counts[0] ?? null;
  let before = first;
  return goals.map(({ name }, place) => {
    const count = counts[place] ?? null;
    const previous = before;
    if (count === null || first === null || previous === null) {
      before = null;
      return { goal: name, count: null, of_first: null, of_previous: null, lost: null };
    }
    before = Math.min(count, previous);
    return {
      goal: name,
      count: before,
      of_first: share(before, first),
      of_previous: share(before, previous),
      lost: previous - before,
    };
  });
}

/** What tells whether an event reaches a goal, and whose it is. */
const COLUMNS = ['page', 'props', 'person', 'engaged', 'scroll'];

/** The events of the range; with filters, also `picked`: the visits and persons of those that they let through. */
function eventsOfRange(draft: Draft): string[] {
  const { filters } = draft.question;
  if (filters.length === 0) return [numberedEvents({ source: 'stretch', columns: COLUMNS })];
  for (const column of COLUMNS) draft.columns.add(column);
  const { from, where } = eventsOf(draft, { name: 'picked', timed: false, dimensions: new Map(), filters });
  return [
    'open AS (SELECT * FROM stretch)',
    ...eventCtes(draft),
    // Not `WHERE counted AND …`: a filter may be as deep by itself as SQLite takes.
    `picked AS MATERIALIZED (
      SELECT DISTINCT iif(n.counted, n.visit, -1) AS visit, iif(n.counted, n.person, '') AS person FROM ${from} WHERE ${where})`,
  ];
}

/** `whose_visit`: the day and the visitor of each visit. */
const WHOSE_VISIT = `
  whose_visit AS MATERIALIZED (
    SELECT visit, day, visitor FROM numbered WHERE visitor <> '' AND starts)`;

/** The visits that came to a step, day by day. */
const visitsOf = (step: number): string => `
  SELECT w.day AS bucket, count(DISTINCT w.visitor) AS visitors, count(*) AS visits
  FROM (SELECT DISTINCT unit FROM step${step}) s JOIN whose_visit w ON w.visit = s.unit
  GROUP BY w.day`;

/**
 * Of each event that reaches a step in its turn is kept when the latest way to it began: a window that opens later closes
 * later, so an earlier one gets no further. Ways that begin earlier need not be followed, and the cost grows with the events
 * of a person, not with their square.
 */
function funnelSql({ within }: Funnel, steps: number, draft: Draft, told: string | null): string {
  const ofVisit = within === 'visit';
  // Joined, not `IN`: what filters are is as deep by itself as an expression may be.
  const picked = (sql: string): string => (draft.question.filters.length > 0 ? sql : '');
  // An event's place among those of its visitor and day, or of its person.
  const walk = ofVisit
    ? `SELECT n.*, n.visit AS unit, n.seq AS place
       FROM numbered n ${picked('JOIN (SELECT DISTINCT visit FROM picked) p ON p.visit = n.visit')}
       WHERE n.visitor <> ''`
    : `SELECT n.*, k.root AS unit, row_number() OVER (PARTITION BY k.root ORDER BY ts, id) AS place
       FROM numbered n JOIN whose k ON k.person = n.person
       ${picked(`JOIN (
         SELECT DISTINCT w.root FROM picked p JOIN whose w ON w.person = p.person) r ON r.root = k.root`)}
       WHERE n.counted`;
  const reached = `
    whose AS MATERIALIZED (
      SELECT person, ${rootOf('p.person', ':pixel')} AS root
      FROM (SELECT DISTINCT person FROM numbered WHERE person <> '' AND counted) p),
    reached AS MATERIALIZED (
      SELECT g.step, n.unit, n.place, n.ts
      FROM goal g CROSS JOIN (${walk}) n ON g.step < ${steps} AND ${reaches('n', 'g')})`;
  const inTime = ofVisit ? '' : `AND ts <= began + ${within.hours * 3_600_000}`;
  const next = (step: number): string => `
    step${step} AS MATERIALIZED (
      SELECT unit, place, began
      FROM (
        SELECT unit, place, ts, comes,
          max(began) OVER (PARTITION BY unit ORDER BY place RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS began
        FROM (
          SELECT unit, place, began, 0 AS ts, false AS comes FROM step${step - 1}
          UNION ALL
          SELECT unit, place, NULL, ts, true FROM reached WHERE step = ${step}))
      WHERE comes AND began IS NOT NULL ${inTime})`;
  const places = Array.from({ length: steps }, (_, step) => step);
  const count = (step: number): string =>
    `(${told === null ? `SELECT count(DISTINCT unit) FROM step${step}` : toldVisits(draft, visitsOf(step))}) AS count${step}`;
  return `
    WITH RECURSIVE ${[STRETCHES, GOALS, ...eventsOfRange(draft), ...(told === null ? [] : [told, WHOSE_VISIT]), reached].join(',')},
    step0 AS MATERIALIZED (SELECT unit, place, ts AS began FROM reached WHERE step = 0)${places
      .slice(1)
      .map((step) => `,${next(step)}`)
      .join('')}
    SELECT ${places.map(count).join(', ')}`;
}
