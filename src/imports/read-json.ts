/** Reads many JSON values out of one file in constant memory: one a line, or in a list. */
import type { Unreadable } from './read-csv.ts';
import { splitLines, streamChunks } from './read-lines.ts';
import { textOf } from './read-text.ts';

export interface JsonValue {
  /** The number of its line, or of the value in its list, from 1. */
  readonly line: number;
  readonly value: unknown;
}

/** In bytes. */
export const LONGEST_LINE = 4 * 1024 * 1024;
/** In characters. A visit of Matomo has up to 500 actions of about 2 kB each by default, and an owner may raise that. */
const LONGEST_ELEMENT = 16 * 1024 * 1024;

/** Newline-delimited JSON. Empty lines are skipped. */
export async function* readJsonLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<JsonValue | Unreadable> {
  for await (const { number: line, text } of splitLines(streamChunks(stream), LONGEST_LINE)) {
    // The mark that a file may begin with counts as space.
    const json = text?.trim();
    if (json === undefined) yield { line, why: 'is longer than any event' };
    else if (json !== '') yield parsed(line, json);
  }
}

function parsed(line: number, text: string): JsonValue | Unreadable {
  const value = parsedJson(text);
  return value === undefined ? { line, why: 'is not JSON' } : { line, value };
}

/** The value of a text; undefined if it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The elements of lists. The file is a list, several lists one after the other, or an object with a member `key` that is a list.
 *
 * @param key the name of the member. Lists that are any other member are skipped.
 */
export async function* readJsonLists(
  stream: ReadableStream<Uint8Array>,
  key = '',
): AsyncGenerator<JsonValue | Unreadable> {
  /** Of brackets and braces, outside of the element that is being read. */
  let depth = 0;
  /** The depth of the elements of the list that is being read; 0 if there is none. */
  let inside = 0;
  let isString = false;
  let isEscaped = false;
  /** The text of the element so far; null if it is too long. */
  let element: string | null = '';
  let count = 0;
  let lists = 0;
  /** The last text before a list, which may be its name. */
  let name = '';

  const add = (part: string) => {
    if (element === null) return;
    element = element.length + part.length > LONGEST_ELEMENT ? null : element + part;
  };
  const take = (): JsonValue | Unreadable | null => {
    const text = element;
    element = '';
    if (text !== null && text.trim() === '') return null;
    count += 1;
    return text === null ? { line: count, why: 'is longer than any visit' } : parsed(count, text);
  };

  for await (const text of textOf(stream)) {
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) isString = false;
        if (inside === 0 && isString && name.length < 64) name += text[at];
        continue;
      }
      switch (code) {
        case QUOTE:
          isString = true;
          if (inside === 0) name = '';
          break;
        case OPEN_BRACKET:
        case OPEN_BRACE:
          depth += 1;
          if (
            inside === 0 &&
            code === OPEN_BRACKET &&
            (depth === 1 || (depth === 2 && key !== '' && name === key))
          ) {
            inside = depth;
            lists += 1;
            from = at + 1;
          }
          break;
        case CLOSE_BRACKET:
        case CLOSE_BRACE:
          if (depth === inside && inside > 0) {
            add(text.slice(from, at));
            const item = take();
            if (item !== null) yield item;
            inside = 0;
          }
          // A closing bracket too many does not take the depth below that of a file.
          depth = Math.max(0, depth - 1);
          break;
        case COMMA:
          if (inside > 0 && depth === inside) {
            add(text.slice(from, at));
            from = at + 1;
            const item = take();
            if (item !== null) yield item;
          }
          break;
      }
    }
    if (inside > 0) add(text.slice(from));
  }
  if (inside > 0) yield { line: count + 1, why: 'is cut off by the end of the file' };
  else if (lists === 0) yield { line: 1, why: `begins no list${key === '' ? '' : ` '${key}'`}` };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
