/** The period and comparison that were last chosen in this browser. */
import { commonPart, parseView, searchOf, type View } from './view.ts';

const STORED = 'speck-view';

/** Stores the period and the comparison of a view, unless they are given by days: on another day these are seldom wanted. */
export function keepView(view: View): void {
  const { period, compare } = view;
  try {
    const before = parseView(localStorage.getItem(STORED) ?? '');
    const kept = commonPart({
      ...view,
      period: typeof period === 'string' ? period : before.period,
      compare: compare === 'custom' ? before.compare : compare,
      compareDays: null,
    });
    localStorage.setItem(STORED, searchOf(kept));
  } catch {
    // Storage is disabled: nothing is kept.
  }
}

/** The query of an address with what is stored. */
export function keptSearch(): string {
  try {
    return searchOf(commonPart(parseView(localStorage.getItem(STORED) ?? '')));
  } catch {
    return '';
  }
}
