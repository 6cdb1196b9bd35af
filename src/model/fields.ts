/**
 * Parses `a=1&b=2` as browsers write it. Never throws: a text that cannot be decoded is returned unchanged, since texts are scrubbed
 * later anyway.
 */
import { LIMITS } from './limits.ts';

/** The first `LIMITS.fields` fields of a query or a form. If a name is repeated, its first field counts. */
export function parseFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let start = 0;
  for (let count = 0; count < LIMITS.fields && start < text.length; count++) {
    let end = text.indexOf('&', start);
    if (end < 0) end = text.length;
    let equals = text.indexOf('=', start);
    if (equals < 0 || equals > end) equals = end;
    const name = decode(text.slice(start, equals));
    if (name !== '' && !fields.has(name)) fields.set(name, decode(text.slice(equals + 1, end)));
    start = end + 1;
  }
  return fields;
}

function decode(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A lone % or bytes that are not UTF-8: the rest is decoded, as browsers do.
    return new URLSearchParams(`x=${text}`).get('x') ?? spaced;
  }
}
