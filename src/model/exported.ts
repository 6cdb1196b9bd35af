/**
 * The format of exports: their tables and columns, and how a value of each column is written. The API writes exports by this
 * table. The API and `npm run import` read them by it.
 */
import { EVENT_COLUMNS, type Event } from './event.ts';
import { COUNTS } from './metrics.ts';

/**
 * `time`: epoch milliseconds, written as ISO 8601 in UTC. `amount`: millionths, written as a decimal number of
 * units. `json`: the text of a JSON object, or `''` for an empty one.
 */
export type ExportedKind = 'text' | 'number' | 'time' | 'amount' | 'json';

export interface ExportedColumn {
  readonly name: string;
  readonly kind: ExportedKind;
}

export interface ExportedTable {
  readonly name: 'events' | 'rollups';
  /** The primary key without `pixel`. Rows are written in its order. */
  readonly key: readonly string[];
  /** All columns but `pixel`, which is the same in all rows. */
  readonly columns: readonly ExportedColumn[];
}

/** The columns of an event that are not texts. The compiler reports a column that is missing here. */
const EVENT_KINDS: {
  readonly [Name in keyof Event as Event[Name] extends string ? never : Name]: ExportedKind;
} = {
  ts: 'time',
  engaged: 'number',
  scroll: 'number',
  value: 'amount',
  authenticated: 'number',
};

const ROLLUP_KEY = ['day', 'dimension', 'currency', 'value'] as const;

export const EXPORTED_EVENTS: ExportedTable = {
  name: 'events',
  key: ['ts', 'id'],
  columns: EVENT_COLUMNS.filter((name) => name !== 'pixel').map((name) => ({ name, kind: eventKind(name) })),
};

/** The columns that identify visitors and people. */
const CODES: readonly string[] = ['visitor', 'person'];

/**
 * The events for a token that may only read statistics. Visitor ids and aliases would reveal more: anyone can send an event with
 * a given user id, or with a token for a given address, and then see which rows have the same code.
 */
export const EXPORTED_EVENTS_WITHOUT_CODES: ExportedTable = {
  ...EXPORTED_EVENTS,
  columns: EXPORTED_EVENTS.columns.filter(({ name }) => !CODES.includes(name)),
};

export const EXPORTED_ROLLUPS: ExportedTable = {
  name: 'rollups',
  key: ROLLUP_KEY,
  columns: [
    ...ROLLUP_KEY.map((name) => ({ name, kind: 'text' as const })),
    ...COUNTS.map((name) => ({ name, kind: name === 'revenue' ? ('amount' as const) : ('number' as const) })),
  ],
};

function eventKind(name: keyof Event): ExportedKind {
  if (name === 'props') return 'json';
  return name in EVENT_KINDS ? EVENT_KINDS[name as keyof typeof EVENT_KINDS] : 'text';
}

/** Millionths as a decimal number, exactly: `29.99` for 29,990,000. */
export function decimalOf(micros: number): string {
  const size = Math.abs(micros);
  const rest = String(size % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${micros < 0 ? '-' : ''}${Math.trunc(size / 1e6)}${rest === '' ? '' : `.${rest}`}`;
}

/**
 * The millionths of a number as JSON writes it; null if a double cannot hold them exactly. It reverses `decimalOf`; further
 * digits are rounded.
 */
export function microsOf(text: string): number | null {
  const [, sign, units, rest = ''] = /^(-?)(\d{1,10})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  // Read by its digits, since the greatest amounts have more digits than a double.
  const size = Number(units) * 1e6 + Number(rest.padEnd(6, '0'));
  const micros = units === undefined ? Math.round(Number(text) * 1e6) : sign === '-' ? 0 - size : size;
  return Number.isSafeInteger(micros) ? micros : null;
}
