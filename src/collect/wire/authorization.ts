/** What the header `Authorization` of a client holds. */
import { decodeText } from '../../http/body.ts';
import { isToken } from '../../model/token.ts';
import type { WireReading, WireRequest } from './format.ts';
import { decodeBase64 } from './json.ts';

/**
 * Speck's token among texts in which a protocol may carry a secret, and in `Authorization: Bearer`. Any other secret is the tool's own,
 * and says nothing here.
 */
export function tokenIn(
  headers: WireRequest['headers'],
  ...secrets: readonly string[]
): Pick<WireReading, 'token'> {
  const [, bearer = ''] = /^bearer +(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '') ?? [];
  const token = [...secrets, bearer].find(isToken);
  return token === undefined ? {} : { token };
}

/** The user and password of Basic authentication. Without a colon there is no password; without the header, the user is `''`. */
export function basicCredentials(
  headers: WireRequest['headers'],
): readonly [user: string, password?: string] {
  const [, encoded = ''] = /^basic +(\S+)$/i.exec(headers.get('authorization')?.trim() ?? '') ?? [];
  const bytes = decodeBase64(encoded);
  const text = bytes === null ? '' : decodeText(bytes);
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}
