/** The SQL of one event: the value that a dimension has for it, and whether a filter lets it through. */
import type { Dimension } from '../../model/dimensions.ts';
import { reaches } from '../../sql/goals.ts';
import type { QueryPlan } from '../needs.ts';
import type { Filter, Test } from '../parsed-query.ts';
import { keyOfProperty, valuesOfTest } from './parameter-names.ts';
import { PERSON_OF_EVENT, personValue, TOUCHES_OF_EVENT } from './people.ts';
import { labelOf } from './rows.ts';

/** Events `n`, joined to their visits `v` and, where the query needs them, to their people. */
export function joinedEvents({ needs }: QueryPlan, on = ''): string {
  const people = needs.isOfPeople ? PERSON_OF_EVENT : '';
  const touches = needs.touchColumns.size > 0 ? TOUCHES_OF_EVENT : '';
  return `numbered_event n${on} CROSS JOIN visit v ON v.visit = n.visit${people}${touches}`;
}

/**
 * A dimension's value in a row of event `n`, visit `v` and goal `g`.
 * @param owner the column or test that the dimension is of, which has given its parameters their names.
 */
export function dimensionValue({ query }: QueryPlan, dimension: Dimension, owner: string): string {
  switch (dimension.kind) {
    case 'goal':
      return 'g.name';
    case 'property':
      return `coalesce((SELECT p.value FROM json_each(iif(n.props = '', '{}', n.props)) p WHERE p.key = :${keyOfProperty(owner)}), '')`;
    case 'person':
      return personValue(dimension, query.include.attribution_days);
    case 'column':
      return dimension.scope === 'event' ? `n.${dimension.column}` : `v."${dimension.name}"`;
  }
}

/** Whether a filter lets event `n` through. */
export function condition(plan: QueryPlan, filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const conditions = filter.filters.map((inner) => condition(plan, inner));
      return `(${conditions.join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT ${condition(plan, filter.filter)}`;
    case 'done':
      return `n.visit ${filter.negated ? 'NOT IN' : 'IN'} (
        SELECT n.visit FROM ${joinedEvents(plan)}
        WHERE n.counted AND ${condition(plan, filter.filter)})`;
    case 'test':
      return passes(plan, filter);
  }
}

function passes(plan: QueryPlan, test: Test): string {
  const { dimension } = test;
  const parameter = valuesOfTest(test);
  if (dimension.kind === 'goal') {
    return `EXISTS (SELECT 1 FROM goal g WHERE g.name IN (SELECT value FROM json_each(:${parameter})) AND ${reaches('n', 'g')})`;
  }
  return comparison(test, dimensionValue(plan, dimension, parameter));
}

/** Whether a value of a test's dimension passes the test. */
export function comparison(test: Test, sql: string): string {
  const { dimension, negated } = test;
  const list = `json_each(:${valuesOfTest(test)})`;
  const value = labelOf(dimension, sql);
  const matches =
    test.comparison === 'contains'
      ? `EXISTS (SELECT 1 FROM ${list} j WHERE instr(${value}, j.value) > 0)`
      : `${value} IN (SELECT value FROM ${list})`;
  return negated ? `NOT (${matches})` : `(${matches})`;
}
