/** The recipes of the Install view as a section of docs/tag.md. A test holds the document to them. */
import { installSnippets } from '../../src/api/install.ts';
import { recipesOf } from '../../src/dashboard/recipes.ts';
import { withSection, wrapped } from './marked-section.ts';

const ORIGIN = 'https://px.example.com';
const PIXEL = 'px_…';

/** A document with the recipes between its markers. The snippet itself is left out: the document contains it already. */
export function withRecipes(document: string): string {
  const install = installSnippets(PIXEL, ORIGIN);
  const recipes = recipesOf({ pixel: PIXEL, install, isLocal: false, isRelayed: false });
  const sections = recipes.map(({ name, steps, note, codes }) =>
    [
      `#### ${name}`,
      steps.map((step, index) => wrapped(`${index + 1}. ${step}`, '   ')).join('\n'),
      ...codes
        .filter(({ text }) => text !== install.script)
        .map(({ title, language, text }) => `${title}:\n\n\`\`\`${language}\n${text}\n\`\`\``),
      wrapped(note),
    ].join('\n\n'),
  );
  return withSection(document, 'recipes', sections.join('\n\n'));
}
