/**
 * The rows of a question that come from its events: which events it is of, what a dimension's value is in each, and which
 * ones a filter lets through. Visits and their counts are made by the SQL of local days.
 */
import { type ColumnDimension, DIMENSIONS, type Dimension } from '../model/dimensions.ts';
import { reaches } from '../sql/goals.ts';
import { hourLabel } from '../sql/stretches.ts';
import { numberedEvents, partCounts, partOfVisit, SUM_VISITS, visitColumns, visits } from '../sql/visits.ts';
import type { Draft } from './draft.ts';
import { type Grouping, groupBy, isHourly, keysOf } from './groupings.ts';
import {
  attendance,
  PERSON_COLUMNS,
  PERSON_OF_EVENT,
  personValue,
  seenInEvents,
  seenInRollups,
  TOUCHES_OF_EVENT,
  touches,
} from './people.ts';
import type { Filter, Test } from './question.ts';
import { dayHasRollup } from './rollup-rows.ts';
import { shown } from './shown-rows.ts';
import { isProtected } from './small-groups.ts';

/** The CTEs that all groupings share. To be called when these are written, for they say what they need. */
export function eventCtes(draft: Draft): string[] {
  const { columns, visitDimensions, usesRollups, setting, touchColumns } = draft;
  const needed = [...columns, ...visitColumns(visitDimensions)];
  if (!draft.isOfPeople)
    return [numberedEvents({ source: 'open', columns: needed }), visits(visitDimensions)];
  return [
    numberedEvents({ source: 'open', columns: [...needed, ...PERSON_COLUMNS] }),
    visits(visitDimensions),
    usesRollups ? seenInRollups(dayHasRollup(draft)) : seenInEvents(setting.moments),
    attendance(usesRollups ? 'seen' : 'numbered', setting.moments, draft.text(setting.range.from)),
    ...(touchColumns.size > 0 ? [touches(touchColumns, draft.question.include.attribution_days)] : []),
  ];
}

/** A row a group, of the question's counts. When nothing is asked of single events, a visit is the smallest part. */
export function eventCounts(draft: Draft, grouping: Grouping): string {
  const { dimensions, filters } = grouping;
  const keys = keysOf(grouping);
  const ofWholeVisits =
    !isHourly(grouping, draft) &&
    filters.length === 0 &&
    draft.setting.moments === null &&
    [...dimensions.values()].every(({ scope }) => scope !== 'event');
  const select = `SELECT ${[...keys, SUM_VISITS].join(', ')} FROM (`;
  if (ofWholeVisits) {
    const named = [...dimensions].map(([key, dimension]) => `${dimensionValue(draft, dimension)} AS ${key}`);
    return `${select}SELECT ${[...named, 'v.*'].join(', ')} FROM visit v)${groupBy(keys)}`;
  }
  const { from, where, values, named } = eventsOf(draft, grouping);
  return `
    ${select}
      SELECT ${[...keys.map((key) => `p.${key}`), partOfVisit('p', 'v')].join(', ')}
      FROM (
        SELECT ${[...named, 'n.visit', partCounts('n')].join(', ')}
        FROM ${from} WHERE ${where}
        ${groupBy([...values, 'n.visit'])}) p
      CROSS JOIN visit v ON v.visit = p.visit)${groupBy(keys)}`;
}

/** The events of a grouping: where they come from, and what picks them. */
interface Events {
  readonly from: string;
  readonly where: string;
  /** The SQL of each key, and the same under the key's name. */
  readonly values: readonly string[];
  readonly named: readonly string[];
}

export function eventsOf(draft: Draft, grouping: Grouping): Events {
  const { moments } = draft.setting;
  const dimensions = [...grouping.dimensions.values()];
  const ofGoals = dimensions.some(({ kind }) => kind === 'goal');
  if (ofGoals) draft.needGoals();
  const conditions = [
    ...(moments ? [`n.ts BETWEEN ${moments.from} AND ${moments.to}`] : []),
    ...grouping.filters.map((filter) => condition(draft, filter)),
  ];
  const bucket = isHourly(grouping, draft) ? hourLabel('n') : 'n.bucket';
  const values = [
    ...(grouping.timed ? [bucket] : []),
    ...dimensions.map((dimension) => dimensionValue(draft, dimension)),
  ];
  return {
    from: ofGoals ? `goal g CROSS JOIN ${joined(draft, ` ON ${reaches('n', 'g')}`)}` : joined(draft),
    where: conditions.join(' AND ') || 'true',
    values,
    named: keysOf(grouping).map((key, index) => `${values[index]} AS ${key}`),
  };
}

/** Events `n`, joined to their visits `v`, and to their people where the question is of them. */
function joined({ isOfPeople, touchColumns }: Draft, on = ''): string {
  const people = isOfPeople ? PERSON_OF_EVENT : '';
  const touched = touchColumns.size > 0 ? TOUCHES_OF_EVENT : '';
  return `numbered n${on} CROSS JOIN visit v ON v.visit = n.visit${people}${touched}`;
}

/** A dimension's value in a row of event `n`, visit `v` and goal `g`. */
function dimensionValue(draft: Draft, dimension: Dimension): string {
  switch (dimension.kind) {
    case 'goal':
      return 'g.name';
    case 'property':
      draft.columns.add('props');
      return `coalesce((SELECT p.value FROM json_each(iif(n.props = '', '{}', n.props)) p WHERE p.key = ${draft.text(dimension.key)}), '')`;
    case 'person':
      if (dimension.touch !== null) {
        for (const column of [dimension.column, 'channel']) {
          draft.visitDimensions.add(DIMENSIONS.get(`visit:${column}`) as ColumnDimension);
        }
      }
      return personValue(dimension, draft.question.include.attribution_days);
    case 'column':
      if (dimension.scope === 'event') {
        draft.columns.add(dimension.column);
        return `n.${dimension.column}`;
      }
      draft.visitDimensions.add(dimension);
      return `v."${dimension.name}"`;
  }
}

/** Whether a filter lets event `n` through. */
function condition(draft: Draft, filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const conditions = filter.filters.map((inner) => condition(draft, inner));
      return `(${conditions.join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT ${condition(draft, filter.filter)}`;
    case 'done':
      return `n.visit ${filter.negated ? 'NOT IN' : 'IN'} (
        SELECT n.visit FROM ${joined(draft)}
        WHERE n.counted AND ${condition(draft, filter.filter)})`;
    case 'test':
      return passes(draft, filter);
  }
}

function passes(draft: Draft, { dimension, comparison, negated, values, others }: Test): string {
  // With small groups protected, a group has one value: several of them could be told apart by asking for each.
  const wanted = isProtected(draft.setting.minGroup) ? values : [...values, ...others];
  const list = `json_each(${draft.list(wanted)})`;
  if (dimension.kind === 'goal') {
    draft.needGoals();
    return `EXISTS (SELECT 1 FROM goal g WHERE g.name IN (SELECT value FROM ${list}) AND ${reaches('n', 'g')})`;
  }
  const value = shown(dimension, dimensionValue(draft, dimension));
  const found =
    comparison === 'contains'
      ? `EXISTS (SELECT 1 FROM ${list} j WHERE instr(${value}, j.value) > 0)`
      : `${value} IN (SELECT value FROM ${list})`;
  return negated ? `NOT (${found})` : `(${found})`;
}
