import { isToken } from '../../model/token.ts';
import type { WireReading, WireRequest } from './format.ts';

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
