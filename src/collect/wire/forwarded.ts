/** A server that passes its visitor's request on: with the visitor's address in `X-Forwarded-For` and the user agent as its own. */
import type { SentEvent } from '../../model/wire.ts';
import type { WireRequest } from './format.ts';

/**
 * What the headers of a server say of its visitor. They count as overrides; without a token, the visitor is unknown.
 *
 * A page always sends its `Origin` with a `POST`. Cloudflare appends the address of the connection to `X-Forwarded-For`, so a client
 * that passes nothing on has this one address.
 */
export function forwardedClient(headers: WireRequest['headers']): Pick<SentEvent, 'server' | 'overrides'> {
  const [ip = ''] = (headers.get('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  const isPassedOn = ip !== '' && ip !== headers.get('cf-connecting-ip') && headers.get('origin') === null;
  if (!isPassedOn) return {};
  const ua = headers.get('user-agent') ?? '';
  return {
    server: { ua, languages: headers.get('accept-language') ?? '' },
    overrides: { ip, ua },
  };
}
