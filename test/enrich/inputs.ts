/** A raw event from a browser and the ways in which tests of enriching change it. */
import type { Arrival } from '../../src/enrich/candidate.ts';
import { enrich } from '../../src/enrich/enrich.ts';
import { DEFAULT_SETTINGS, type Pixel, type PixelSettings } from '../../src/model/pixel.ts';
import { BLANK_EVENT, type Client, NO_GEO, NO_HINTS, type RawEvent } from '../../src/model/wire.ts';

export const NOW = Date.parse('2026-11-24T10:00:00Z');
export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36';

export const pixel: Pixel = {
  id: 'px_1111111111111111',
  name: 'Test',
  url: 'https://www.site.example',
  timezone: 'Europe/Berlin',
  settings: { ...DEFAULT_SETTINGS, query_params: ['q'] },
  created_at: 0,
};
export const client: Client = {
  ip: '192.0.2.1',
  userAgent: CHROME,
  languages: 'de-AT,en;q=0.5',
  referer: 'https://site.example/from-referer',
  origin: '',
  purpose: '',
  cookieReach: 'first_party',
  refusal: '',
  cookie: '',
  staleCookie: false,
  hints: NO_HINTS,
  place: { country: 'AT', region: 'AT-9', regionName: 'Vienna', city: 'Wien' },
};
export const arrival: Arrival = { id: 'edge00', receivedAt: NOW, head: false, client, overrides: null };
export const raw: RawEvent = { ...BLANK_EVENT, id: pixel.id, dl: 'https://site.example/' };

export const run = (event: Partial<RawEvent>, from: Partial<Client> = {}) =>
  enrich({ ...raw, ...event }, { ...arrival, client: { ...client, ...from } }, pixel);
export const api = (event: Partial<RawEvent>, overrides: Record<string, unknown>) =>
  enrich(
    { ...raw, ...event },
    {
      ...arrival,
      client: { ...client, ip: '', userAgent: '', referer: '', place: NO_GEO },
      overrides: { ts: undefined, ip: undefined, ua: undefined, country: undefined, ...overrides },
    },
    pixel,
  );
export const under = (
  settings: Partial<PixelSettings>,
  event: Partial<RawEvent>,
  from: Partial<Client> = {},
) =>
  enrich(
    { ...raw, ...event },
    { ...arrival, client: { ...client, ...from } },
    { ...pixel, settings: { ...pixel.settings, ...settings } },
  );
export function eventOf(result: ReturnType<typeof enrich>) {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value.event;
}
