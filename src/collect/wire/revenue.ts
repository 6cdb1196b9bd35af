import type { RawEvent } from '../../model/wire.ts';

type CustomData = RawEvent['cd'];

/**
 * Custom data whose revenue has the name that Speck has for it.
 *
 * @param names what the tool calls revenue: the first of these that has a value counts, and the others stay properties.
 */
export function withRevenue(data: CustomData, names: readonly string[]): CustomData {
  const name = names.find((one) => data.some(([key, value]) => key === one && value !== ''));
  if (name === undefined || name === 'value') return data;
  // Another `value` would be taken for revenue too.
  return data.flatMap(([key, value]): CustomData => {
    if (key === name) return [['value', value]];
    return key === 'value' ? [] : [[key, value]];
  });
}
