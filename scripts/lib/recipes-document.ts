/** The recipes of the Install view as a section of docs/tag.md. A test holds the document to them. */
import { installSnippets } from '../../src/api/install.ts';
import { recipesOf } from '../../src/dashboard/recipes.ts';

const ORIGIN = 'https://px.example.com';
const PIXEL = 'px_…';
const BEGIN = '<!-- recipes, by npm run docs -->';
const END = '<!-- end of recipes -->';
const WIDTH = 130;

/** A document with the recipes between its markers. The snippet itself is left out: the document contains it already. */
export function withRecipes(document: string): string {
  const { script } = installSnippets(PIXEL, ORIGIN);
  const recipes = recipesOf({ pixel: PIXEL, origin: ORIGIN, script, isLocal: false });
  const sections = recipes.map(({ name, steps, note, codes }) =>
    [
      `#### ${name}`,
      steps.map((step, index) => wrapped(`${index + 1}. ${step}`, '   ')).join('\n'),
      ...codes
        .filter(({ text }) => text !== script)
        .map(({ title, language, text }) => `${title}:\n\n\`\`\`${language}\n${text}\n\`\`\``),
      wrapped(note, ''),
    ].join('\n\n'),
  );
  const [before = '', rest = ''] = document.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n\n${sections.join('\n\n')}\n\n${END}${after}`;
}

function wrapped(text: string, indent: string): string {
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
