/** Which goals a single event reaches, by the definitions of sql/goals.ts. */
import { ENGAGEMENT, type Event, PAGEVIEW } from '../model/event.ts';
import { fits, type Goal } from '../model/goal.ts';
import { type GoalTerms, termsOf } from '../sql/goals.ts';

/** The terms of goals, since a goal's page takes some microseconds to normalize. */
const cached = new WeakMap<Goal, GoalTerms>();

export function reaches({ name, page, props }: Pick<Event, 'name' | 'page' | 'props'>, goal: Goal): boolean {
  if (name === ENGAGEMENT) return false;
  let terms = cached.get(goal);
  if (terms === undefined) {
    terms = termsOf(goal);
    cached.set(goal, terms);
  }
  if ('event' in terms) return name === terms.event;
  if ('property' in terms) {
    const properties = props === '' ? {} : (JSON.parse(props) as Record<string, unknown>);
    return Object.hasOwn(properties, terms.property) && properties[terms.property] === terms.value;
  }
  const { page: path, former, isPattern } = terms;
  if (name !== PAGEVIEW) return false;
  return [path, former].some(
    (one) => one !== null && (isPattern ? fits(page, one.split('*')) : page === one),
  );
}
