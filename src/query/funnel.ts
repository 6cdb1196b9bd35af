/** Funnels: how many came from goal to goal, within a visit, or within a person's window across visits and devices. */
import type { Funnel, Goal } from '../model/goal.ts';
import type { Pixel } from '../model/pixel.ts';
import { err, ok, type Result } from '../model/result.ts';
import { segments } from '../model/time-zone.ts';
import { GOALS, goalParameter, REACHES } from '../rollup/goals.sql.ts';
import { STRETCHES, stretchParameter } from '../rollup/stretches.sql.ts';
import { numberedEvents } from '../rollup/visits.sql.ts';
import { firstDayOf } from '../store/days.ts';
import { rootOf } from '../store/people.ts';
import type { Range } from './question.ts';
import { type DayRange, resolveRange } from './range.ts';

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

/** Raw events of the range are gone: up to which day. */
export interface BeyondRetention {
  readonly purged: string;
}

export async function runFunnel(
  db: D1Database,
  pixel: Pixel,
  funnel: Funnel,
  asked: Range,
  now: number,
): Promise<Result<FunnelAnswer, BeyondRetention>> {
  const first = asked === 'all' ? await firstDayOf(db, pixel.id) : null;
  const range = resolveRange(asked, pixel.timezone, now, first);
  const goals = funnel.steps.flatMap((step) => pixel.settings.goals.find(({ name }) => name === step) ?? []);
  const stretches = segments(pixel.timezone, range.from, range.to).map((one) => ({ ...one, bucket: '' }));
  const [purged, counts] = await db.batch<Record<string, unknown>>([
    db
      .prepare('SELECT max(day) AS day FROM days WHERE pixel = ? AND raw > 0 AND day BETWEEN ? AND ?')
      .bind(pixel.id, range.from, range.to),
    db
      .prepare(funnelSql(funnel, goals.length))
      .bind(pixel.id, stretchParameter(stretches), goalParameter(goals)),
  ]);
  const day = purged?.results[0]?.['day'];
  if (typeof day === 'string') return err({ purged: day });
  const row = counts?.results[0] ?? {};
  return ok({
    range,
    steps: withoutSmall(
      stepsOf(
        goals,
        goals.map((_, place) => Number(row[`count${place}`] ?? 0)),
      ),
      pixel.settings.min_group,
    ),
  });
}

function stepsOf(goals: readonly Goal[], counts: readonly number[]): FunnelStep[] {
  const share = (part: number, whole: number): number =>
    whole === 0 ? 0 : Math.round((10_000 * part) / whole) / 100;
  return goals.map(({ name }, place) => {
    const count = counts[place] ?? 0;
    const before = counts[place - 1] ?? count;
    return {
      goal: name,
      count,
      of_first: share(count, counts[0] ?? 0),
      of_previous: share(count, before),
      lost: before - count,
    };
  });
}

/** Of a pixel that protects small groups, steps that fewer came to, or were lost at, say nothing. */
function withoutSmall(steps: readonly FunnelStep[], least: number): FunnelStep[] {
  const isSmall = (count: number | null): boolean => count !== null && count > 0 && count < least;
  return steps.map((step) =>
    isSmall(step.count) || isSmall(step.lost)
      ? { ...step, count: null, of_first: null, of_previous: null, lost: null }
      : step,
  );
}

/**
 * Each step looks for the earliest event after the one that reached the step before, which is as good as any later one.
 * A person's window opens with each event that reaches the first step, since a later one may get further.
 */
function funnelSql({ within }: Funnel, steps: number): string {
  const ofVisit = within === 'visit';
  // An event's place among those of its visitor and day, or of its person.
  const walk = ofVisit
    ? `SELECT *, visit AS unit, seq AS place FROM numbered WHERE visitor <> ''`
    : `SELECT n.*, k.root AS unit, row_number() OVER (PARTITION BY k.root ORDER BY ts, id) AS place
       FROM numbered n JOIN (
         SELECT person, ${rootOf('p.person')} AS root
         FROM (SELECT DISTINCT person FROM numbered WHERE person <> '' AND counted) p) k ON k.person = n.person
       WHERE n.counted`;
  const reached = `
    reached AS MATERIALIZED (
      SELECT g.step, n.unit, n.place, n.ts
      FROM goal g CROSS JOIN (${walk}) n ON ${REACHES}
    )`;
  const begin = ofVisit
    ? 'SELECT unit, 0 AS began, 0 AS until, min(place) AS place FROM reached WHERE step = 0 GROUP BY unit'
    : `SELECT unit, place AS began, ts + ${within.hours * 3_600_000} AS until, place FROM reached WHERE step = 0`;
  const next = (step: number): string => `
    step${step} AS MATERIALIZED (
      SELECT s.unit, s.began, s.until, min(r.place) AS place
      FROM step${step - 1} s
      JOIN reached r ON r.unit = s.unit AND r.step = ${step} AND r.place > s.place${ofVisit ? '' : ' AND r.ts <= s.until'}
      GROUP BY s.unit, s.began)`;
  const places = Array.from({ length: steps }, (_, step) => step);
  const count = (step: number): string => `(SELECT count(DISTINCT unit) FROM step${step}) AS count${step}`;
  return `
    WITH ${STRETCHES}, ${GOALS},
    ${numberedEvents({ source: 'stretch', columns: ['page', 'props', 'person', 'engaged', 'scroll'] })},
    ${reached}, step0 AS MATERIALIZED (${begin})${places
      .slice(1)
      .map((step) => `,${next(step)}`)
      .join('')}
    SELECT ${places.map(count).join(', ')}`;
}
