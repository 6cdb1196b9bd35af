/** HTML templates. They escape their values, unless a value is itself the result of a template. */
import { escapeHtml } from '../model/text/escape.ts';

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Html | readonly Html[];

function toHtml(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escapeHtml(String(part));
}

export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: literals }, ...parts.map(toHtml)));
}

/** Fills the `{names}` in a text of HTML with values, escaped as in a template. The text must be one of ours. */
export function fill(text: string, parts: Readonly<Record<string, Part>> = {}): Html {
  return new Html(text.replace(/\{(\w+)\}/g, (_, name: string) => toHtml(parts[name] ?? '')));
}
