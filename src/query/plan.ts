/**
 * Plans a question: which rows can answer it, and the SQL that asks them.
 *
 * Days whose rollup holds are read from rollups when the question needs no more than a rollup has: no filter, at most one
 * dimension beside the time, and nothing that is counted person by person. All else is computed from events by the SQL
 * that made the rollups.
 *
 * Here the parts of the SQL are put together. What counts a group is left to counts.ts.
 */
import type { Dimension } from '../model/dimensions.ts';
import { METRICS, type Metric } from '../model/metrics.ts';
import { segments } from '../model/time-zone.ts';
import { GOALS, goalParameter } from '../rollup/goals.sql.ts';
import { STRETCHES, stretchParameter } from '../rollup/stretches.sql.ts';
import { counted, people, sales, whole } from './counts.ts';
import { Draft, type Setting } from './draft.ts';
import { eventCtes } from './event-rows.ts';
import { groupingsOf } from './groupings.ts';
import type { Question } from './question.ts';
import { bucketOf } from './range.ts';
import { dayCtes } from './rollup-rows.ts';
import { orderBy, shownColumns, whereWanted } from './shown-rows.ts';
import { differences, foldedRows, isProtected } from './small-groups.ts';

export interface Plan {
  readonly sql: string;
  /** The same question, asked for the number of its rows only. */
  readonly countSql: string;
  readonly parameters: readonly unknown[];
  /** Whether rollups may answer for days that have one. */
  readonly usesRollups: boolean;
}

export function planQuestion(question: Question, setting: Setting): Plan {
  return planOf(new Draft(question, setting));
}

/**
 * A query for all values that a dimension has in the days of a setting, for tests that SQL has no operator for, and of a pixel
 * that protects small groups for all tests: then with `visitors`, so that small ones can be left out. What a person had in a
 * period is told period by period, so that a value may come several times. Parameters are those of a plan.
 */
export function planValues(question: Question, dimension: Dimension, limit: number, setting: Setting): Plan {
  const visitors = METRICS.get('visitors') as Metric;
  const ofValues: Question = {
    ...question,
    metrics: setting.minGroup > 1 ? [visitors] : [],
    time: dimension.kind === 'person' && dimension.touch === null ? periodOf(question.time) : null,
    dimensions: [dimension],
    filters: [],
    order: [],
    pagination: { limit, offset: 0 },
  };
  return planOf(new Draft(ofValues, { ...setting, minGroup: 0 }, false));
}

/** The time by which people are looked at: of hours, their day. */
const periodOf = (time: Question['time']): Question['time'] => (time === 'time:hour' ? 'time:day' : time);

function planOf(draft: Draft): Plan {
  const { question, setting, usesRollups } = draft;
  const { metrics, dimensions, filters, pagination, time } = question;
  const { answer, wholes } = groupingsOf(draft);
  const isSafe = isProtected(question, setting.minGroup);
  const near = (isSafe ? differences(filters) : []).map((those, index) => ({
    ...answer,
    name: `near${index}`,
    filters: those,
  }));

  // Before the days and events: it says what it needs of these.
  const groups = [answer, ...near].map((grouping) => counted(draft, grouping));
  const beside = [
    ...(metrics.some(({ ofSales }) => ofSales) ? [sales(draft, answer)] : []),
    ...(metrics.some(({ ofPeople }) => ofPeople) ? [people(draft, answer)] : []),
    ...wholes.map((grouping) => whole(draft, grouping)),
  ];
  const columns = ['answer.*', ...beside.flatMap((one) => one.columns)];
  const foldedColumns = beside.flatMap((one) => one.folded);

  const ctes = [
    STRETCHES,
    GOALS,
    ...dayCtes(draft),
    ...eventCtes(draft),
    ...groups,
    ...beside.map(({ cte }) => cte),
    `joined AS (SELECT ${columns.join(', ')} FROM answer ${beside.map(({ join }) => join).join(' ')})`,
    ...(isSafe ? [foldedRows(draft, answer, near, foldedColumns)] : []),
    `shown AS (
      SELECT ${shownColumns(question, isSafe)} FROM ${isSafe ? 'folded' : 'joined'}
      ${dimensions.length === 0 || metrics.length === 0 ? '' : 'WHERE events > 0'})`,
    `wanted AS (SELECT * FROM shown ${whereWanted(draft)})`,
  ];
  const withClause = `WITH RECURSIVE ${ctes.join(',\n')}`;
  const { zone, days } = setting;
  const stretches = (days ? segments(zone, days.from, days.to) : []).map((segment) => ({
    ...segment,
    bucket: bucketOf(time, segment.day),
  }));
  return {
    sql: `${withClause} SELECT * FROM wanted ORDER BY ${orderBy(question)} LIMIT ?6 OFFSET ?7`,
    countSql: `${withClause} SELECT count(*) AS total FROM wanted WHERE ?7 IS NOT NULL`,
    parameters: [
      question.pixel,
      stretchParameter(stretches),
      goalParameter(setting.goals),
      draft.lists(),
      setting.countries,
      pagination.limit,
      pagination.offset,
    ],
    usesRollups,
  };
}
