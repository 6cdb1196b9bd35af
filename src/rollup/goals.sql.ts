/** The SQL that tells which events reach which of a pixel's goals. */
import { type Goal, globOf } from '../model/goal.ts';

/** The JSON parameter that `GOALS` reads. */
export function goalParameter(goals: readonly Goal[]): string {
  return JSON.stringify(
    goals.map((goal) => {
      if ('event' in goal) return [goal.name, goal.event];
      if ('property' in goal) return [goal.name, null, null, null, goal.property, goal.value];
      return goal.page.includes('*')
        ? [goal.name, null, null, globOf(goal.page)]
        : [goal.name, null, goal.page];
    }),
  );
}

/** `goal`: the goals in parameter `?3`. */
export const GOALS = `
  goal AS (
    SELECT key AS step, value ->> 0 AS name, value ->> 1 AS event, value ->> 2 AS page, value ->> 3 AS pages,
      value ->> 4 AS property, value ->> 5 AS value
    FROM json_each(?3)
  )`;

/** Whether event `n` reaches goal `g`. */
export const REACHES = `
  n.counted AND CASE
    WHEN g.event IS NOT NULL THEN n.name = g.event
    WHEN g.page IS NOT NULL THEN n.pageview AND n.page = g.page
    WHEN g.pages IS NOT NULL THEN n.pageview AND n.page GLOB g.pages
    ELSE n.props <> '' AND EXISTS (SELECT 1 FROM json_each(n.props) p WHERE p.key = g.property AND p.value = g.value)
  END`;
