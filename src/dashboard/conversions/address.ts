/**
 * The addresses of the view Conversions below `/app/PIXEL/conversions`: the list of destinations; `/new`, with
 * `?network=` once it is chosen; a destination's page, `/ds_…`, with
 * `?state=` for a part of its ledger, and `/ds_…/edit`; and one conversion, `/event?name=…&event=…`.
 */
import { DELIVERY_STATES, type DeliveryState } from '../../model/delivery.ts';
import { DESTINATION_ID } from '../../model/destination.ts';

export type Place =
  | { readonly at: 'list' }
  | { readonly at: 'new'; readonly network: string | null }
  | { readonly at: 'edit'; readonly destination: string }
  | { readonly at: 'destination'; readonly destination: string; readonly state: DeliveryState | null }
  | { readonly at: 'conversion'; readonly name: string; readonly event: string };

/** @param parts the parts of the path after `conversions`. @returns null if there is no such address. */
export function placeOf(parts: readonly string[], search: string): Place | null {
  const [first = '', second = '', ...more] = parts;
  if (more.join('') !== '') return null;
  const params = new URLSearchParams(search);
  if (DESTINATION_ID.test(first)) {
    if (second === 'edit') return { at: 'edit', destination: first };
    const state = DELIVERY_STATES.find((one) => one === params.get('state')) ?? null;
    return second === '' ? { at: 'destination', destination: first, state } : null;
  }
  if (second !== '') return null;
  if (first === '') return { at: 'list' };
  if (first === 'new') return { at: 'new', network: params.get('network') };
  const event = params.get('event') ?? '';
  return first === 'event' && event !== ''
    ? { at: 'conversion', name: params.get('name') ?? '', event }
    : null;
}

/** @param search the query of the other views, which is kept. */
export function addressOf(pixel: string, place: Place, search = ''): string {
  const path = `/app/${pixel}/conversions`;
  const withParams = (end: string, more: Readonly<Record<string, string>>): string => {
    const query = [
      ...(search === '' ? [] : [search.slice(1)]),
      ...Object.entries(more).map(([name, value]) => `${name}=${encodeURIComponent(value)}`),
    ].join('&');
    return `${path}${end}${query && `?${query}`}`;
  };
  switch (place.at) {
    case 'list':
      return withParams('', {});
    case 'new':
      return withParams('/new', place.network === null ? {} : { network: place.network });
    case 'edit':
      return withParams(`/${place.destination}/edit`, {});
    case 'destination':
      return withParams(`/${place.destination}`, place.state === null ? {} : { state: place.state });
    case 'conversion':
      return withParams('/event', { name: place.name, event: place.event });
  }
}
