/** What an event of another tool says of who sent it and when. */
import type { Overrides, ServerClient } from '../../model/wire.ts';
import { textOf } from './json.ts';

/** How the user agents of browsers and of apps on phones begin, or what those of Apple's apps contain. */
const DEVICE = /^(?:Mozilla|Opera|Dalvik)\/|\bCFNetwork\//;

/** Whether a visitor's own device sent a request, going by its `User-Agent` header. */
export const isFromDevice = (headers: Pick<Headers, 'get'>): boolean =>
  DEVICE.test(headers.get('user-agent') ?? '');

/** What a library on a server says of its visitor's client. */
export const serverClient = (ua: unknown, languages: unknown): ServerClient => ({
  ua: textOf(ua),
  languages: textOf(languages),
});

/** The address by which a server says that it does not tell the visitor's. */
const NO_ADDRESS = '0.0.0.0';

/** The overrides of an event; what the event does not say is absent. */
export function overridesOf(ts: unknown, ip: unknown, ua: unknown): Overrides {
  return {
    ...(isThere(ts) ? { ts: flat(ts) } : {}),
    ...(isThere(ip) && ip !== NO_ADDRESS ? { ip: flat(ip) } : {}),
    ...(isThere(ua) ? { ua: flat(ua) } : {}),
  };
}

/** Objects are no override, whatever they hold: they are rejected later, and may be nested too deeply to be queued. */
const flat = (value: unknown): unknown => (typeof value === 'object' ? {} : value);

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/**
 * When an event happened by our clock: as long before its arrival as it had happened, by its client's clock, before it was sent.
 *
 * @param happened when it happened, as text. A text that is no time is returned unchanged, and is rejected later.
 * @param sent when it was sent; without it, the client's clock is taken to be right.
 */
export function correctedTime(happened: unknown, sent: unknown, receivedAt: number): unknown {
  if (typeof happened !== 'string') return happened;
  const [at, sentAt] = [Date.parse(happened), typeof sent === 'string' ? Date.parse(sent) : Number.NaN];
  if (Number.isNaN(at)) return happened;
  return Number.isNaN(sentAt) ? at : receivedAt - (sentAt - at);
}
