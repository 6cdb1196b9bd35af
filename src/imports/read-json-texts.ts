/** Reads JSON values that follow each other in a file, such as the responses to several requests, or that are elements of a list. */
import type { Unreadable } from './read-csv.ts';
import type { JsonValue } from './read-json.ts';
import { textOf } from './read-text.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * The objects at the top of a file, or in a list at its top, each parsed by itself.
 *
 * @param longest the most characters of an object.
 */
export async function* readJsonTexts(
  stream: ReadableStream<Uint8Array>,
  longest: number,
): AsyncGenerator<JsonValue | Unreadable> {
  /** Of the brackets and braces that are open. */
  let depth = 0;
  /** The depth at which an object begins: 1 within a list. */
  let top = 0;
  let isString = false;
  let isEscaped = false;
  /** The text of the object so far; null between objects. */
  let parts: string[] | null = null;
  let length = 0;
  let line = 0;

  for await (const text of textOf(stream)) {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) isString = false;
      } else if (code === QUOTE) isString = true;
      else if (OPEN.has(code)) {
        if (depth === 0 && code === 0x5b) top = 1;
        else if (depth === top && parts === null) {
          parts = [];
          length = 0;
          from = at;
        }
        depth++;
      } else if (CLOSE.has(code)) {
        depth = Math.max(0, depth - 1);
        if (parts !== null && depth === top) {
          line++;
          length += at + 1 - from;
          yield length > longest
            ? { line, why: `is longer than ${longest} characters` }
            : parsed(line, parts.join('') + text.slice(from, at + 1));
          parts = null;
        } else if (depth === 0) top = 0;
      }
    }
    if (parts === null) continue;
    length += text.length - from;
    if (length <= longest) parts.push(text.slice(from));
  }
  if (parts !== null) yield { line: line + 1, why: 'is cut off by the end of the file' };
  else if (line === 0) yield { line: 1, why: 'is no JSON object' };
}

function parsed(line: number, text: string): JsonValue | Unreadable {
  try {
    return { line, value: JSON.parse(text) };
  } catch {
    return { line, why: 'is not JSON' };
  }
}
