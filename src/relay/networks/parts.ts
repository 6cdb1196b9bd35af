/** Parts of events that several networks have. */
import type { Click, ClickParameter, Conversion } from '../../model/conversion.ts';
import type { Destination } from '../../model/destination.ts';
import type { Json, JsonObject, Network } from '../network.ts';

/** An object without the fields that are undefined, null, an empty text, an empty list or an empty object: networks refuse some of these. */
export function present(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries(fields).filter((entry): entry is [string, Json] => !isEmpty(entry[1]));
  return Object.fromEntries(entries);
}

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** A value in a list of its own; undefined if there is none. */
export const listOf = (value: string | undefined): readonly string[] | undefined =>
  value === undefined || value === '' ? undefined : [value];

/** The click that led to a conversion: one after it did not. */
export function clickOf(
  { clicks, ts }: Pick<Conversion, 'clicks' | 'ts'>,
  parameter: ClickParameter,
): Click | undefined {
  const click = clicks[parameter];
  return click === undefined || click.at > ts ? undefined : click;
}

/** A quantity as networks take it, which refuse anything but whole numbers: 1.5 metres of cloth are 2. */
export const wholeOf = (quantity: number): number => Math.max(1, Math.round(quantity));

/** How many things were bought or looked at; undefined if nothing is said of them. */
export const itemsOf = (contents: Conversion['contents']): number | undefined =>
  contents.length === 0 ? undefined : contents.reduce((sum, { quantity }) => sum + wholeOf(quantity), 0);

/** An amount as a network writes it; undefined if it is unknown. */
export const priced = <Amount extends Json>(
  millionths: number | null,
  write: (millionths: number) => Amount,
): Amount | undefined => (millionths === null ? undefined : write(millionths));

/** The value of a conversion as a network writes it; undefined without a currency, which alone gives it a meaning. */
export const worthOf = <Amount extends Json>(
  { value, currency }: Pick<Conversion, 'value' | 'currency'>,
  write: (millionths: number) => Amount,
): Amount | undefined => (currency === '' ? undefined : priced(value, write));

/** Why a test is not sent to a network that knows tests by the owner's code only: without the code, it would count what is made up. */
export const codeProblem = (
  { title }: Pick<Network, 'title'>,
  { mode, test_code }: Pick<Destination, 'mode' | 'test_code'>,
): string | null =>
  mode === 'test' && test_code === ''
    ? `Without a test code, ${title} would count the event as a real one. Enter the code that ${title} shows among its test events.`
    : null;
