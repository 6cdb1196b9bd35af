import { PIXEL_ID } from '../../model/pixel.ts';
import { isSiteName, normalSiteName, type PixelKey } from '../../model/pixel-key.ts';
import { isToken } from '../../model/token.ts';
import type { RawEvent } from '../../model/wire.ts';

const NO_PIXEL = { id: '' };

/**
 * The pixel that a client of another tool names. A pixel's own id needs no key. A token is a secret and never a name, since unknown
 * names are stored for the owner to see.
 */
export function pixelNamed(tool: PixelKey, name: unknown): Pick<RawEvent, 'id' | 'key'> {
  const text = typeof name === 'number' ? String(name) : typeof name === 'string' ? name.trim() : '';
  if (PIXEL_ID.test(text)) return { id: text };
  const site = normalSiteName(tool, text);
  return isSiteName(site) && !isToken(site) ? { id: site, key: tool } : NO_PIXEL;
}

/** The pixel of the token that a request is sent with. With a token for all pixels there is none. */
export const pixelOfToken = (tool: PixelKey): Pick<RawEvent, 'id' | 'key'> => ({ id: '', key: tool });
