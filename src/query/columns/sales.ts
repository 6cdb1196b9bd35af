/** The revenue and sales of groups by currency. Sums are exact, and end where those of sql/sums.ts end. */
import { GREATEST_SUM } from '../../sql/sums.ts';
import { type GroupLimit, grown } from './groups.ts';
import type { Rows } from './keys.ts';
import type { SegmentView } from './view.ts';

/** Sums have an upper and a lower part, as in sql/sums.ts. */
const LOW = 2 ** 32;
/** The lower part is carried before it exceeds the integers that a double holds. */
const CARRIED = 2 ** 52;

/** Currencies are three letters, so there are fewer. */
const MOST_CURRENCIES = 2 ** 20;

/** A group's sales in a currency. Revenue is in millionths; beyond the integers that a double holds, it is their decimal text. */
export interface GroupSales {
  readonly group: number;
  readonly currency: string;
  readonly revenue: number | string;
  readonly sales: number;
}

export class Sales {
  readonly #limit: GroupLimit;
  readonly #currencies = new Map<string, number>();
  /** The place of each group and currency. */
  readonly #places = new Map<number, number>();
  readonly #keys: { readonly group: number; readonly currency: string }[] = [];
  #highs = new Float64Array(0);
  #lows = new Float64Array(0);
  #sales = new Float64Array(0);

  constructor(limit: GroupLimit) {
    this.#limit = limit;
  }

  /** Adds the counted events of rows that have a value and a currency. @param groups the group of each row; negative for none. */
  add(view: SegmentView, groups: Int32Array, { of, from, to }: Rows): void {
    const { codes, byCode } = view.numbers('event:value');
    if (byCode.every(Number.isNaN)) return;
    const currencies = view.texts('event:currency');
    const currencyCodes = view.codes('event:currency');
    const { kinds } = view;
    const visitOf = of === 'visit' ? view.visitOf : null;
    const first = visitOf ? (view.firstEvents[from] as number) : from;
    const end = visitOf ? (view.firstEvents[to] as number) : to;
    for (let event = first; event < end; event++) {
      const value = byCode[codes[event] as number] as number;
      if (Number.isNaN(value) || kinds[event] === 0) continue;
      const group = groups[(visitOf ? (visitOf[event] as number) : event) - from] as number;
      const currency = currencies[currencyCodes[event] as number] as string;
      if (group >= 0 && currency !== '') this.#addSale(group, currency, value);
    }
  }

  rows(): GroupSales[] {
    return this.#keys.map((key, place) => ({
      ...key,
      revenue: sumOf(this.#highs[place] as number, this.#lows[place] as number),
      sales: this.#sales[place] as number,
    }));
  }

  #addSale(group: number, currency: string, value: number): void {
    const place = this.#placeOf(group, currency);
    const high = Math.floor(value / LOW);
    let low = (this.#lows[place] as number) + (value - high * LOW);
    (this.#highs[place] as number) += high;
    if (low >= CARRIED) {
      (this.#highs[place] as number) += Math.floor(low / LOW);
      low %= LOW;
    }
    this.#lows[place] = low;
    (this.#sales[place] as number) += 1;
  }

  #placeOf(group: number, currency: string): number {
    let number = this.#currencies.get(currency);
    if (number === undefined) {
      number = this.#currencies.size;
      this.#currencies.set(currency, number);
    }
    const key = group * MOST_CURRENCIES + number;
    const cached = this.#places.get(key);
    if (cached !== undefined) return cached;
    this.#limit.add();
    const place = this.#keys.push({ group, currency }) - 1;
    this.#places.set(key, place);
    this.#highs = grown(this.#highs, place + 1);
    this.#lows = grown(this.#lows, place + 1);
    this.#sales = grown(this.#sales, place + 1);
    return place;
  }
}

function sumOf(high: number, low: number): number | string {
  const sum = BigInt(high) * BigInt(LOW) + BigInt(low);
  const least = -GREATEST_SUM;
  const bounded = sum > GREATEST_SUM ? GREATEST_SUM : sum < least ? least : sum;
  const number = Number(bounded);
  return Number.isSafeInteger(number) ? number : String(bounded);
}
