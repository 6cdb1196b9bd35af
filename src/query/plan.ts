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
import { segments } from '../model/time-zone.ts';
import { GOALS, goalParameter } from '../sql/goals.ts';
import type { Values } from '../sql/statement.ts';
import { STRETCHES, stretchParameter } from '../sql/stretches.ts';
import { type Beside, counted, people, sales, whole } from './counts.ts';
import { Draft, type Setting } from './draft.ts';
import { eventCtes } from './event-rows.ts';
import { type Groupings, groupingsOf } from './groupings.ts';
import type { Question } from './question.ts';
import { bucketOf } from './range.ts';
import { dayCtes } from './rollup-rows.ts';
import { orderBy, shownColumns, whereWanted } from './shown-rows.ts';
import { toldDays, toldGroups } from './told-cells.ts';

export interface Plan {
  readonly sql: string;
  /** The same question, asked for the number of its rows only. */
  readonly countSql: string;
  readonly values: Values;
  /** Whether rollups may answer for days that have one. */
  readonly usesRollups: boolean;
}

export function planQuestion(question: Question, setting: Setting): Plan {
  // What is told of small groups is told of days, or hours, that are put together here.
  const inCells = setting.told === null ? question : { ...question, time: cellOf(question.time) };
  return planOf(question, new Draft(inCells, setting));
}

/**
 * A query for all values that a dimension has in the days of a setting, for tests that SQL has no operator for, and with the
 * parameters of a plan. What a person had in a period is told period by period, so that a value may come several times.
 */
export function planValues(question: Question, dimension: Dimension, limit: number, setting: Setting): Plan {
  const ofValues: Question = {
    ...question,
    metrics: [],
    time: dimension.kind === 'person' && dimension.touch === null ? periodOf(question.time) : null,
    dimensions: [dimension],
    filters: [],
    order: [],
    pagination: { limit, offset: 0 },
  };
  return planOf(ofValues, new Draft(ofValues, setting, false));
}

/** The time by which people are looked at: of hours, their day. */
const periodOf = (time: Question['time']): Question['time'] => (time === 'time:hour' ? 'time:day' : time);

const cellOf = (time: Question['time']): Question['time'] => (time === 'time:hour' ? time : 'time:day');

/** @param draft of the question, or of the same by the days or hours that its answer is put together from. */
function planOf(question: Question, draft: Draft): Plan {
  const { setting, usesRollups } = draft;
  const { metrics, dimensions, pagination } = question;
  const { zone, days, told } = setting;
  const stretches = (days ? segments(zone, days.from, days.to) : []).map((segment) => ({
    ...segment,
    bucket: bucketOf(draft.question.time, segment.day, setting.range.from),
  }));

  // Before the days and events: it says what it needs of these.
  const groupings = groupingsOf(question);
  const { groups, beside } =
    told === null
      ? groupsOf(draft, groupings)
      : toldGroups(draft, groupings, told, toldDays(stretches, setting, question.time));
  const columns = ['answer.*', ...beside.flatMap((one) => one.columns)];

  const ctes = [
    STRETCHES,
    GOALS,
    ...dayCtes(draft),
    ...eventCtes(draft),
    ...groups,
    ...beside.map(({ cte }) => cte),
    `joined AS (SELECT ${columns.join(', ')} FROM answer ${beside.map(({ join }) => join).join(' ')})`,
    `shown AS (
      SELECT ${shownColumns(question, told !== null)} FROM joined
      ${dimensions.length === 0 || metrics.length === 0 ? '' : 'WHERE events > 0'})`,
    `wanted AS (SELECT * FROM shown ${whereWanted(draft)})`,
  ];
  const withClause = `WITH RECURSIVE ${ctes.join(',\n')}`;
  return {
    sql: `${withClause} SELECT * FROM wanted ORDER BY ${orderBy(question)} LIMIT :limit OFFSET :offset`,
    countSql: `${withClause} SELECT count(*) AS total FROM wanted`,
    values: {
      pixel: question.pixel,
      stretches: stretchParameter(stretches),
      goals: goalParameter(setting.goals),
      values: draft.lists(),
      countries: setting.countries,
      ...pagination,
    },
    usesRollups,
  };
}

/** The CTEs of an answer's groups, and what stands beside them. */
function groupsOf(
  draft: Draft,
  { answer, wholes }: Groupings,
): { readonly groups: readonly string[]; readonly beside: readonly Beside[] } {
  const { metrics } = draft.question;
  return {
    groups: [counted(draft, answer)],
    beside: [
      ...(metrics.some(({ ofSales }) => ofSales) ? [sales(draft, answer)] : []),
      ...(metrics.some(({ ofPeople }) => ofPeople) ? [people(draft, answer)] : []),
      ...wholes.map((grouping) => whole(draft, grouping)),
    ],
  };
}
