/** Custom data (`cd`): revenue, engagement, and the custom properties of an event. */
import { CURRENCIES } from '../model/currencies.ts';
import { ENGAGEMENT, type Event } from '../model/event.ts';
import { LIMITS } from '../model/limits.ts';
import { textOfProperties } from '../model/properties.ts';
import type { RejectionReason } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import { jsonText } from '../model/text/json.ts';
import { decimalNumber } from '../model/text/number.ts';
import type { RawEvent } from '../model/wire.ts';
import { scrubText } from './scrub.ts';

type CustomData = RawEvent['cd'];

export type Revenue = Pick<Event, 'value' | 'currency'>;

/** `cd[value]` in millionths, and `cd[currency]`. A currency without a value means nothing. */
export function revenueOf(cd: CustomData): Result<Revenue, RejectionReason> {
  const value = fieldOf(cd, 'value');
  if (value === undefined || value === null || isBlank(value)) return ok({ value: null, currency: '' });
  if (typeof value !== 'number' && typeof value !== 'string') return err('invalid_value');
  const micros = Math.round((typeof value === 'string' ? decimalNumber(value) : value) * 1e6);
  if (!(Math.abs(micros) <= LIMITS.valueMicros)) return err('invalid_value');
  const currency = fieldOf(cd, 'currency') ?? '';
  if (currency === '') return ok({ value: micros, currency: '' });
  const code = typeof currency === 'string' && /^[A-Za-z]{3}$/.test(currency) ? currency.toUpperCase() : '';
  return CURRENCIES.has(code) ? ok({ value: micros, currency: code }) : err('invalid_currency');
}

/** `cd[engaged]` in milliseconds and `cd[scroll]` in per cent; null for a value that is not such a number. */
export function engagementOf(name: string, cd: CustomData): Pick<Event, 'engaged' | 'scroll'> {
  if (name !== ENGAGEMENT) return { engaged: null, scroll: null };
  return {
    engaged: wholeNumber(fieldOf(cd, 'engaged'), LIMITS.engaged),
    scroll: wholeNumber(fieldOf(cd, 'scroll'), 100),
  };
}

/** Custom data without revenue, as the text of a JSON object; `''` if there is none. An engagement has no properties. */
export function propertiesOf(name: string, cd: CustomData): string {
  if (name === ENGAGEMENT) return '';
  const properties = new Map<string, string>();
  for (const [key, value] of cd) {
    if (key === 'value' || key === 'currency' || properties.size >= LIMITS.props) continue;
    const property = scrubText(key, LIMITS.propKey);
    const text = typeof value === 'object' && value !== null ? jsonText(value) : String(value ?? '');
    if (property !== '' && !properties.has(property)) {
      properties.set(property, scrubText(text, LIMITS.propValue));
    }
  }
  return textOfProperties(properties);
}

/** A number that is not negative, rounded, and cut at `limit`; null for anything else. */
function wholeNumber(value: unknown, limit: number): number | null {
  const number = typeof value === 'string' ? decimalNumber(value) : typeof value === 'number' ? value : -1;
  return number >= 0 ? Math.min(Math.round(number), limit) : null;
}

/** Whether a value is a text of spaces only, which `Number` would read as 0. */
function isBlank(value: unknown): boolean {
  return typeof value === 'string' && value.trim() === '';
}

function fieldOf(cd: CustomData, key: string): unknown {
  return cd.find(([name]) => name === key)?.[1];
}
