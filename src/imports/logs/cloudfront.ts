/** The fields of CloudFront's logs, which have the same names in each of its forms. */
import { entryOf, type Parsed, present } from './entry.ts';
import { percentDecoded } from './escapes.ts';
import { anyTime, isoTime } from './times.ts';

/** @param fieldOf the value of a field by its name in lower case; undefined if the log has no such field. */
export function cloudfrontEntry(fieldOf: (name: string) => string | undefined): Parsed {
  const query = present(encodedOnce(fieldOf('cs-uri-query') ?? ''));
  const stem = fieldOf('cs-uri-stem');
  const path = stem === undefined ? undefined : encodedOnce(stem);
  const agent = fieldOf('cs(user-agent)');
  const referer = fieldOf('cs(referer)');
  const date = fieldOf('date');
  return entryOf({
    // The host that the visitor requested; cs(Host) is the distribution's own name.
    host: present(fieldOf('x-host-header') ?? '') || fieldOf('cs(host)'),
    address: fieldOf('c-ip'),
    time:
      date === undefined
        ? anyTime(fieldOf('timestamp(ms)') ?? fieldOf('timestamp'))
        : isoTime(`${date}T${fieldOf('time')}`),
    method: fieldOf('cs-method'),
    target: path === undefined || query === '' ? path : `${path}?${query}`,
    status: fieldOf('sc-status'),
    referer: referer === undefined ? undefined : encodedOnce(referer),
    userAgent: agent === undefined ? undefined : percentDecoded(encodedOnce(agent)),
    // Where the visitor is. The edge location is where CloudFront is.
    country: fieldOf('c-country'),
  });
}

/**
 * CloudFront encodes what a client may already have encoded: `%2520` was sent as `%20`. It also encodes signs that clients send as they
 * are.
 */
function encodedOnce(text: string): string {
  if (!text.includes('%')) return text;
  return text.replaceAll(
    /%(?:25(?=[0-9A-F]{2})|7E|27|7C|5B|5D)/gi,
    (code) => SIGNS[code.toUpperCase()] ?? code,
  );
}

const SIGNS: Readonly<Record<string, string>> = {
  '%25': '%',
  '%7E': '~',
  '%27': "'",
  '%7C': '|',
  '%5B': '[',
  '%5D': ']',
};
