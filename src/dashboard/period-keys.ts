import type { PeriodName } from './view.ts';

/** The key of each period. */
export const PERIOD_KEYS: Readonly<Record<PeriodName, string>> = {
  day: 'd',
  yesterday: 'e',
  '7d': 'w',
  '28d': '4',
  '30d': 't',
  '91d': 'n',
  month: 'm',
  last_month: 'p',
  '6mo': 's',
  '12mo': 'l',
  year: 'y',
  all: 'a',
};
