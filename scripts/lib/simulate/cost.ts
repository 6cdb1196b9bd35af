/** What a month costs on the paid plan, item by item. */
import { includedOf, type PricedName, priceOf } from '../platform-limits.ts';
import type { Usage } from './usage.ts';

export interface CostItem {
  readonly item: PricedName;
  /** Of a month, in the unit of the price. */
  readonly used: number;
  readonly included: number;
  /** How many of the unit the price is of. */
  readonly per: number;
  readonly price: number;
  readonly dollars: number;
}

export const DAYS_A_MONTH = 365 / 12;

/** Bytes are billed as gigabytes; all else by the million, except what has a price of its own. */
const PER: Partial<Record<PricedName, number>> = { 'workers plan': 1, 'd1 storage': 1e9, 'd1 databases': 1 };
const MILLION = 1e6;

export interface MonthlyUse {
  readonly days: Usage['day'];
  readonly bytes: number;
  readonly databases: number;
}

/** The items that cost something or would, the plan first. @param use of a day; bytes are those after a year. */
export function costOf({ days, bytes, databases }: MonthlyUse): CostItem[] {
  const month = (perDay: number): number => perDay * DAYS_A_MONTH;
  return [
    itemOf('workers plan', 1),
    itemOf('workers requests', month(days.requests)),
    itemOf('workers cpu', month(days.cpu)),
    itemOf('d1 rows read', month(days.rowsRead)),
    itemOf('d1 rows written', month(days.rowsWritten)),
    itemOf('d1 storage', bytes),
    itemOf('d1 databases', databases),
    itemOf('queues operations', month(days.operations)),
    itemOf('analytics points', month(days.points)),
    itemOf('analytics queries', month(days.pointQueries)),
  ];
}

export function totalOf(items: readonly CostItem[]): number {
  return items.reduce((sum, { dollars }) => sum + dollars, 0);
}

function itemOf(item: PricedName, used: number): CostItem {
  const included = includedOf(item);
  const per = PER[item] ?? MILLION;
  const price = priceOf(item);
  return { item, used, included, per, price, dollars: (Math.max(0, used - included) / per) * price };
}
