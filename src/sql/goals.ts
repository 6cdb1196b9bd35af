/** The SQL that decides which events reach which of a pixel's goals. */

import { nameOfEvent } from '../model/event.ts';
import { type Goal, globOf, isMatchable } from '../model/goal.ts';
import { lowerEscapes, pageOf } from '../model/text/page.ts';

/** What an event must be to reach a goal. `former` is another spelling that old events may have for the page. */
export type GoalTerms =
  | { readonly event: string }
  | { readonly page: string; readonly former: string | null; readonly isPattern: boolean }
  | { readonly property: string; readonly value: string };

/** Old goals may be stored in a spelling other than the normal form. */
export function termsOf(goal: Goal): GoalTerms {
  if ('event' in goal) return { event: nameOfEvent(goal.event) };
  if ('property' in goal) return { property: goal.property, value: goal.value };
  const page = pageOf(goal.page);
  return { page, former: formerOf(goal.page, page), isPattern: page.includes('*') && isMatchable(page) };
}

/** The JSON parameter that `GOALS` reads. */
export function goalParameter(goals: readonly Goal[]): string {
  return JSON.stringify(
    goals.map((goal) => {
      const terms = termsOf(goal);
      if ('event' in terms) return [goal.name, terms.event];
      if ('property' in terms) return [goal.name, null, null, null, terms.property, terms.value];
      const { page, former, isPattern } = terms;
      return isPattern
        ? [goal.name, null, null, globOf(page), null, null, former && globOf(former)]
        : [goal.name, null, page, null, null, null, former];
    }),
  );
}

/**
 * Another spelling that old events may have for a goal's page: as the owner typed it, or with escapes in lower case. Null if
 * none.
 */
function formerOf(set: string, page: string): string | null {
  // Earlier versions also escaped spaces and non-ASCII letters, so no event has them as typed.
  const former = set === page || /[^\x21-\x7e]/.test(set) ? lowerEscapes(page) : set;
  return former === page ? null : former;
}

/** `goal`: the goals in parameter `:goals`. */
export const GOALS = `
  goal AS (
    SELECT key AS step, value ->> 0 AS name, value ->> 1 AS event, value ->> 2 AS page, value ->> 3 AS pages,
      value ->> 4 AS property, value ->> 5 AS value, value ->> 6 AS former
    FROM json_each(:goals)
  )`;

/** SQL for whether an event of `numbered_event` reaches a row of `goal`. */
export const reaches = (event: string, goal: string): string => `
  ${event}.counted AND CASE
    WHEN ${goal}.event IS NOT NULL THEN ${event}.name = ${goal}.event
    WHEN ${goal}.page IS NOT NULL THEN ${event}.pageview AND (${event}.page = ${goal}.page OR ${event}.page = ${goal}.former)
    WHEN ${goal}.pages IS NOT NULL THEN ${event}.pageview AND (${event}.page GLOB ${goal}.pages OR ${event}.page GLOB ${goal}.former)
    ELSE ${event}.props <> '' AND EXISTS (
      SELECT 1 FROM json_each(${event}.props) p WHERE p.key = ${goal}.property AND p.value = ${goal}.value)
  END`;
