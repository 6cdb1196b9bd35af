/** Sections of documents that `npm run docs` writes from code, between two markers. */

const WIDTH = 130;

/** A document with a text between its markers `<!-- NAME, by npm run docs -->` and `<!-- end of NAME -->`. */
export function withSection(document: string, name: string, text: string): string {
  const begin = `<!-- ${name}, by npm run docs -->`;
  const end = `<!-- end of ${name} -->`;
  const [before = '', rest = ''] = document.split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

/** A text in lines of the documents' width. */
export function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && `${line} ${word}`.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
