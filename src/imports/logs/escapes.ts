/** The escapes of quoted fields. */

const QUOTED = /"([^"\\]*(?:\\.[^"\\]*)*)"/sy;

/** The quoted field at a place, unescaped, and the place after it; null if there is none, or something else than a space follows. */
export function quoted(line: string, start: number): { readonly text: string; readonly end: number } | null {
  QUOTED.lastIndex = start;
  const match = QUOTED.exec(line);
  if (!match || (QUOTED.lastIndex < line.length && line[QUOTED.lastIndex] !== ' ')) return null;
  return { text: unescaped(match[1] as string), end: QUOTED.lastIndex };
}

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|(.))/gs;
const CONTROLS: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/**
 * Undoes the server's escaping: Apache writes `\"`, `\\`, `\n` and the like, both Apache and nginx write `\xHH` for a byte. Bytes
 * that follow each other are UTF-8, or were meant to be.
 */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let done = 0;
  for (const match of text.matchAll(ESCAPE)) {
    const [whole, byte, character] = match;
    parts.push(encoder.encode(text.slice(done, match.index)));
    parts.push(
      byte === undefined
        ? encoder.encode(CONTROLS[character as string] ?? character)
        : Uint8Array.of(Number.parseInt(byte, 16)),
    );
    done = match.index + whole.length;
  }
  parts.push(encoder.encode(text.slice(done)));
  return decodeUtf8(parts);
}

function decodeUtf8(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  return parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
}

/** Undoes percent-encoding. A text whose bytes are not UTF-8 stays as it is. */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text.replaceAll(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    return text;
  }
}
