/** What an authenticated sender says in its client's place: time, address, user agent and country. */
import { detachedSlice } from '../model/cache.ts';
import { LIMITS } from '../model/limits.ts';
import { type Rejection, rejection } from '../model/rejection.ts';
import { err, ok, type Result } from '../model/result.ts';
import { normalAddress } from '../model/text/address.ts';
import { COUNTRIES } from '../model/text/countries.ts';
import { normalHost } from '../model/text/host.ts';
import { isDay } from '../model/time-zone.ts';
import { type Client, NO_GEO, type Overrides } from '../model/wire.ts';

/** When an event happened, and whose it is. */
export interface Origin {
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly client: Client;
}

/**
 * The time and client of an event from an authenticated sender. An address and a user agent that it does not name are unknown.
 *
 * @param received the time at which the event arrived, and the client that sent it.
 */
export function withOverrides(
  received: Origin,
  { ts, ip, ua, country }: Overrides,
): Result<Origin, Rejection> {
  if (ip !== undefined && !isPlain(ip, LIMITS.address)) {
    return err(rejection('invalid_override', 'ip is not an address or a host name.'));
  }
  if (ua !== undefined && typeof ua !== 'string') {
    return err(rejection('invalid_override', 'ua is not a text.'));
  }
  const code = typeof country === 'string' ? country.toUpperCase() : '';
  if (country !== undefined && !COUNTRIES.has(code)) {
    return err(rejection('invalid_override', 'country is not an ISO 3166-1 alpha-2 code.'));
  }
  const time = ts === undefined ? received.ts : parseTime(ts);
  if (time === null) return err(rejection('invalid_time'));
  if (time > received.ts + LIMITS.clockSkew) return err(rejection('time_in_future'));
  if (time < LIMITS.oldestTs) return err(rejection('time_too_old'));
  return ok({
    ts: time,
    client: {
      ...received.client,
      ip: ip === undefined ? '' : (normalAddress(ip) ?? normalHost(ip) ?? ip),
      userAgent: detachedSlice(ua ?? '', LIMITS.userAgent).replaceAll('\n', ' '),
      place: country === undefined ? received.client.place : { ...NO_GEO, country: code },
    },
  });
}

/** The time that an authenticated sender says, if it is one of an event; else the time of arrival. */
export function timeOf({ ts }: Overrides, receivedAt: number): number {
  const time = parseTime(ts);
  const isOfEvent = time !== null && time >= LIMITS.oldestTs && time <= receivedAt + LIMITS.clockSkew;
  return isOfEvent ? time : receivedAt;
}

/** Whether a value is a text of at most `limit` characters without spaces and control characters. */
function isPlain(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length <= limit && /^[\x21-\x7e]+$/.test(value);
}

const ISO_TIME = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** The epoch milliseconds of a time in ISO 8601 with its offset, or in epoch milliseconds; null for anything else. */
function parseTime(value: unknown): number | null {
  if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value);
  if (typeof value !== 'string') return null;
  const [, day] = ISO_TIME.exec(value) ?? [];
  const ts = day !== undefined && isDay(day) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ts) ? null : ts;
}
