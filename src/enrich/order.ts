/** What custom data says of an order, in the shapes that Meta and Google Analytics document: its number, and what was bought or looked at. */
import type { Content } from '../model/conversion.ts';
import { LIMITS } from '../model/limits.ts';
import { decimalNumber } from '../model/text/number.ts';
import type { RawEvent } from '../model/wire.ts';
import { scrubText } from './scrub.ts';

type CustomData = RawEvent['cd'];

const MAX_CONTENTS = 50;
const MAX_QUANTITY = 1_000_000;

/** Meta's and Google's names of the number of an order. */
const ORDER_IDS = ['order_id', 'transaction_id'];
/** Lists of objects: Meta's and Google's. */
const LISTS = ['contents', 'items'];
const ITEM_IDS = ['id', 'item_id', 'content_id', 'product_id'];
const PRICES = ['item_price', 'price'];

export function orderIdOf(cd: CustomData): string {
  const id = ORDER_IDS.map((key) => idOf(dataOf(cd, key))).find((one) => one !== '');
  return id ?? '';
}

/** The contents, at most 50. Those without an id are left out. */
export function contentsOf(cd: CustomData): Content[] {
  const listed = LISTS.map((key) => listOf(dataOf(cd, key)).flatMap(contentOf)).find(
    ({ length }) => length > 0,
  );
  if (listed) return listed;
  const ids = listOf(dataOf(cd, 'content_ids')).flatMap((value) => (idOf(value) === '' ? [] : [idOf(value)]));
  const count = quantityOf(dataOf(cd, 'num_items'));
  return ids.map((id) => ({ id, quantity: ids.length === 1 ? count : 1, price: null }));
}

function contentOf(value: unknown): Content[] {
  if (typeof value !== 'object' || value === null) return [];
  const field = (names: readonly string[]): unknown => {
    const name = names.find((one) => Object.hasOwn(value, one));
    return name === undefined ? undefined : (value as Record<string, unknown>)[name];
  };
  const id = idOf(field(ITEM_IDS));
  return id === '' ? [] : [{ id, quantity: quantityOf(field(['quantity'])), price: priceOf(field(PRICES)) }];
}

/** A list, or the text of one in JSON: a query can hold no other. A single id is a list of one. */
function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.slice(0, MAX_CONTENTS);
  if (typeof value === 'number') return [value];
  if (typeof value !== 'string' || value === '') return [];
  if (!value.startsWith('[')) return [value];
  try {
    return listOf(JSON.parse(value));
  } catch {
    return [];
  }
}

function idOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? scrubText(String(value), LIMITS.propKey)
    : '';
}

function quantityOf(value: unknown): number {
  const number = numberOf(value);
  return number > 0 ? Math.min(number, MAX_QUANTITY) : 1;
}

/** In millionths; null for what is no price. */
function priceOf(value: unknown): number | null {
  const micros = Math.round(numberOf(value) * 1e6);
  return micros >= 0 && micros <= LIMITS.valueMicros ? micros : null;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? decimalNumber(value) : Number.NaN;
}

function dataOf(cd: CustomData, key: string): unknown {
  return cd.find(([name]) => name === key)?.[1];
}
