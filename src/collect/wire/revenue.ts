import type { RawEvent } from '../../model/wire.ts';
import { withoutRevenue } from './json.ts';

type CustomData = RawEvent['cd'];

/**
 * Custom data whose revenue has the name that Speck has for it.
 *
 * @param names what the tool calls revenue: the first of these that has a value counts. Any other `value` becomes `event_value`.
 */
export function withRevenue(data: CustomData, names: readonly string[]): CustomData {
  const name = names.find((one) => data.some(([key, value]) => key === one && value !== ''));
  if (name === undefined) return withoutRevenue(data);
  if (name === 'value') return data;
  return data.map(([key, value]) => {
    if (key === name) return ['value', value];
    // Another `value` would be taken for revenue too.
    return [key === 'value' ? 'event_value' : key, value];
  });
}
