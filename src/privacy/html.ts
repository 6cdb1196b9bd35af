/** HTML by templates that escape what is put into them, unless it is HTML by such a template itself. */

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Html | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function written(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return String(part).replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}

export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(String.raw({ raw: literals }, ...parts.map(written)));
}

/** A text of HTML with parts in place of its `{names}`, escaped like those of a template. */
export function fill(text: string, parts: Readonly<Record<string, Part>>): Html {
  return new Html(text.replace(/\{(\w+)\}/g, (_, name: string) => written(parts[name] ?? '')));
}
